# Measurements: gte bench on three shapes (perf/bench), peers on the same weights (perf/peers),
# instruction counts (perf/check), how threads share (perf/threads).

# ---- gte bench -------------------------------------------------------------------------------------

BENCH_DIR ?= build/bench

.PHONY: bench-results
bench-results: all ## the tables and plots of perf/RESULTS.md, measured here (numpy; 15 minutes, 5 GB)
	@if ! $(NUMPY_PYTHON) -c 'import numpy' 2>/dev/null; then \
	    echo 'SKIP no numpy for $(NUMPY_PYTHON): no model of random weights'; \
	else NUMPY_PYTHON='$(NUMPY_PYTHON)' perf/bench_results.sh $(call quote,$(BENCH_DIR)); fi

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

# ---- instruction counts ----------------------------------------------------------------------------

# Without debug information: valgrind 3.19 stumbles over clang's. The names of functions stay.
build/release/perf_check: build/release/perf/check/perf_check.o build/release/libgte.a
	$(say) LINK $@
	$(Q)$(CC) $(LDFLAGS) -Wl,--strip-debug -o $@ $^ $(LDLIBS)

.PHONY: perf-check perf-check-update
perf-check perf-check-update: all build/standin.gte build/release/perf_check
perf-check: ## instructions of fixed work, by callgrind, against perf/perf_check.txt
	@CFLAGS='$(CFLAGS)' perf/check/perf_check.sh check || [ $$? = 77 ]

perf-check-update: ## write this compiler's figures into perf/perf_check.txt
	@CFLAGS='$(CFLAGS)' perf/check/perf_check.sh update

# ---- threads ---------------------------------------------------------------------------------------

# What perf/threads/run.sh and perf/threads/simulate.py run; `make test` sees that they build.
THREADS_PROGRAMS := $(addprefix build/perf/threads/,handoff scaling task_costs)
$(THREADS_PROGRAMS): build/%: %.c build/release/libgte.a
	$(say) LINK $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(PROJECT_CFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS) -lpthread -lm

# ---- the cache -------------------------------------------------------------------------------------

build/perf/bench_cache: perf/cache/bench_cache.c build/release/libgtecache.a build/release/libgte.a
	$(say) LINK $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(PROJECT_CFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(CACHE_LIBS) -lpthread -lm

.PHONY: bench-cache
bench-cache: ## gets and puts of the cache beside bare SQLite in one run (seconds)
ifeq ($(SQLITE),yes)
	$(Q)$(MAKE) --no-print-directory build/perf/bench_cache
	@build/perf/bench_cache
else
	@echo 'SKIP built without SQLite'
endif

# ---- tasks -----------------------------------------------------------------------------------------

build/perf/bench_extract build/perf/bench_tag: build/perf/%: perf/tasks/%.c build/release/libgte.a
	$(say) LINK $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(PROJECT_CFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)
