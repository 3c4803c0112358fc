# Measurements: peers on the same weights (perf/peers).

# ---- peers -----------------------------------------------------------------------------------------

# gte-small, gte-base, gte-large-zh, or LAYERS,HIDDEN,HEADS,FFN,VOCABULARY; PEER_FLAGS goes to
# perf/peers/bench_peers.py, as PEER_FLAGS='--cells 1x32 --threads 1'.
SHAPE ?= gte-small
PEER_FLAGS ?=
PEER_DIR := build/peers/$(SHAPE)

build/peers/gte_peer: perf/peers/gte_peer.c build/release/libgte.a
	$(say) LINK $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(PROJECT_CFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(PEER_DIR)/model.safetensors: perf/peers/random_bert.py
	$(say) MAKE $(@D)
	$(Q)$(NUMPY_PYTHON) $< $(@D) $(SHAPE)

.PHONY: bench-peers
bench-peers: all build/peers/gte_peer ## gte beside onnxruntime and OpenBLAS, SHAPE=gte-small (node, npm, numpy; minutes)
	@if ! $(NUMPY_PYTHON) -c 'import numpy' 2>/dev/null; then \
	    echo 'SKIP no numpy for $(NUMPY_PYTHON): no model of random weights'; \
	else $(MAKE) --no-print-directory $(PEER_DIR)/model.safetensors && \
	    NUMPY_PYTHON='$(NUMPY_PYTHON)' perf/peers/bench_peers.py $(PEER_DIR) $(PEER_FLAGS); fi
