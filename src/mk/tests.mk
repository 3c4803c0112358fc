# Tests. tests/run_all.sh runs the programs, adds up their counts and ends in
# "N passed, N failed, N skipped"; here stands only how each program is built.

SUPPORT_OBJ := $(call objects,$(filter-out tests/test_% tests/header_test.c,$(call sources,tests)))
TEST_SOURCES := $(filter tests/test_%,$(call sources,tests))
ifneq ($(SERVER_FOUND),yes)
TEST_SOURCES := $(filter-out tests/test_server%,$(TEST_SOURCES))
endif
TEST_BIN := $(patsubst tests/%.c,$(B)/tests/%,$(TEST_SOURCES))
ifneq ($(SQLITE),yes)
TEST_BIN := $(filter-out %/test_cache_limits,$(TEST_BIN)) # holds locks by SQLite itself
else
OOM_CACHE := $(B)/oom_cache
endif
CHECKKERN_OBJ := $(call objects,$(call sources,tests/checkkern))
OOM_OBJ := $(filter-out %/failing_server.o,$(call objects,$(call sources,tests/oom)))
FUZZ_BIN := $(patsubst %.c,$(B)/%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
FUZZ_SERVER := $(B)/tests/fuzz/fuzz_guard $(B)/tests/fuzz/fuzz_body
ifneq ($(SERVER_FOUND),yes)
FUZZ_BIN := $(filter-out $(FUZZ_SERVER),$(FUZZ_BIN))
endif
TEST_LIBS := $(B)/libsupport.a $(B)/libcli.a $(B)/libtrain.a $(B)/libpull.a $(B)/libconvert.a $(B)/libperf.a \
             $(B)/libgtecache.a $(B)/libgte.a

CUNIT_LIBS := -lcunit
FOLDER_tests := -Itests
FOLDER_tests/checkkern := -Itests
FOLDER_tests/oom := -Itests
FOLDER_tests/cache := -Itests
FOLDER_tests/fuzz := -Itests

link_test = $(CC) $(VARIANT_CFLAGS) $(LDFLAGS) -o $@ $(filter %.o %.a,$^) $(CUNIT_LIBS) \
            $(CACHE_LIBS) $(PULL_LIBS) $(LDLIBS)

$(B)/libsupport.a: $(SUPPORT_OBJ)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

SERVER_TESTS := $(filter $(B)/tests/test_server%,$(TEST_BIN))
$(filter-out $(SERVER_TESTS),$(TEST_BIN)): $(B)/tests/%: $(B)/tests/%.o $(TEST_LIBS)
	$(say) LINK $@
	$(Q)$(link_test)

$(SERVER_TESTS): $(B)/tests/%: $(B)/tests/%.o $(B)/libserver.a $(TEST_LIBS)
	$(say) LINK $@
	$(Q)$(link_test) $(SERVER_LIBS)

$(B)/checkkern: $(CHECKKERN_OBJ) $(B)/libgte.a
	$(say) LINK $@
	$(Q)$(link_test)

# Every way to ask for memory or a thread, so that the N-th can be made to fail.
OOM_WRAPS := malloc calloc realloc reallocarray aligned_alloc posix_memalign strdup strndup \
             pthread_create mmap
OOM_SERVER_WRAPS := json_loadb MHD_create_response_from_buffer MHD_add_response_header \
                    MHD_queue_response
comma := ,
$(B)/oom: $(OOM_OBJ) $(TEST_LIBS)
	$(say) LINK $@
	$(Q)$(link_test) $(addprefix -Wl$(comma)--wrap=,$(OOM_WRAPS))

$(B)/oom_cache: $(B)/tests/cache/oom_cache.o $(B)/tests/oom/failing.o $(TEST_LIBS)
	$(say) LINK $@
	$(Q)$(link_test) $(addprefix -Wl$(comma)--wrap=,$(OOM_WRAPS))

ifeq ($(SERVER_FOUND),yes)
server-program: $(B)/oom_server
$(B)/oom_server: $(SERVER_MAIN) $(call objects,tests/oom/failing.c tests/oom/failing_server.c) \
        $(B)/libserver.a $(B)/libpull.a $(B)/libconvert.a $(B)/libgtecache.a $(B)/libgte.a
	$(say) LINK $@
	$(Q)$(link_test) $(SERVER_LIBS) $(addprefix -Wl$(comma)--wrap=,$(OOM_WRAPS) $(OOM_SERVER_WRAPS))
endif

$(FUZZ_SERVER): $(B)/libserver.a
$(FUZZ_BIN): $(B)/tests/fuzz/%: $(B)/tests/fuzz/%.o $(TEST_LIBS)
	$(say) LINK $@
	$(Q)$(CC) $(VARIANT_CFLAGS) -fsanitize=fuzzer $(LDFLAGS) -o $@ $(filter %.o,$^) \
	    $(filter %/libserver.a,$^) $(filter-out %.o %/libserver.a,$^) $(CACHE_LIBS) $(PULL_LIBS) $(LDLIBS)

.SECONDARY:

# ---- the stand-in model --------------------------------------------------------------------------

build/standin/config.json: build/release/models/standin
	$(say) MAKE build/standin
	$(Q)$< build/standin

build/release/models/standin: models/standin.c models/standin_words.h
	$(say) CC $<
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -O2 -std=c11 $(WARNINGS) -I. -o $@ $<

build/standin.gte: build/standin/config.json build/release/gte
	$(say) GTE $@
	$(Q)build/release/gte convert build/standin $@ >/dev/null

# The default model is the one in the box.
build/default.gte: models/nano/nano.gte
	$(Q)cp $< $@

# What the tests read.
TEST_MODELS := build/standin.gte build/default.gte build/golden/done

.PHONY: standin
standin: build/standin.gte ## make the stand-in model of the tests, build/standin.gte

# ---- models of random weights with known vectors ------------------------------------------------

# Debian's python3: that is where python3-numpy is. Without it test_golden skips these.
NUMPY_PYTHON ?= /usr/bin/python3

build/golden/done: tests/golden/make_golden.py
	$(Q)mkdir -p $(@D)
	$(Q)if $(NUMPY_PYTHON) -c 'import numpy' 2>/dev/null; then \
	    printf '  %-5s %s\n' MAKE build/golden; $(NUMPY_PYTHON) $< $(@D) && touch $@; \
	else echo 'SKIP no numpy for $(NUMPY_PYTHON): build/golden is not made'; fi

# ---- what people run -----------------------------------------------------------------------------

.PHONY: demo test check test-programs test-asan test-ubsan test-tsan checkkern
demo: ## install what is missing, build, and show embeddings, similarities and a search
	$(Q)$(MAKE) --no-print-directory deps
	$(Q)$(MAKE) --no-print-directory -j$(JOBS) all build/default.gte
	@tests/demo.sh build/gte build/default.gte

test: ## install what is missing, build, and run every test but the fuzzers and coverage
	$(Q)$(MAKE) --no-print-directory deps
	$(Q)$(MAKE) --no-print-directory deps-test
	$(Q)$(MAKE) --no-print-directory -j$(JOBS) all $(TEST_MODELS) test-programs \
	    build/release/perf_check build/peers/gte_peer $(THREADS_PROGRAMS)
	$(Q)$(MAKE) --no-print-directory -j$(JOBS) VARIANT=asan test-programs
	$(Q)$(MAKE) --no-print-directory -j$(JOBS) VARIANT=tsan build/tsan/tests/test_threads \
	    build/tsan/tests/test_cache_threads server-program
	@MAKE='$(MAKE)' CC='$(CC)' CXX='$(CXX)' tests/run_all.sh full

check: all $(TEST_MODELS) test-programs ## run the quick tests; installs nothing
	@MAKE='$(MAKE)' CC='$(CC)' CXX='$(CXX)' tests/run_all.sh quick

test-programs: $(TEST_BIN) $(B)/checkkern $(B)/oom $(OOM_CACHE) $(B)/gte server-program

test-asan test-ubsan test-tsan: test-%: all $(TEST_MODELS) ## the unit tests under a sanitizer
	$(Q)$(MAKE) --no-print-directory VARIANT=$* test-programs
	@tests/run_all.sh $*

checkkern: $(B)/checkkern ## every kernel of every instruction set against its scalar definition
	$(Q)$(B)/checkkern

.PHONY: oracle
oracle: all ## the tokenizer against HuggingFace's own on random text (node, npm; minutes)
	@tests/oracle/tokenizer_oracle.sh

# ---- fuzzing -------------------------------------------------------------------------------------

FUZZ_SECONDS ?= 60

.PHONY: fuzz-smoke fuzz-programs
fuzz-programs: $(FUZZ_BIN)

fuzz-smoke: all ## fuzz each target for FUZZ_SECONDS (60)
	$(Q)$(MAKE) --no-print-directory -j$(JOBS) VARIANT=fuzz fuzz-programs
	@FUZZ_SECONDS=$(FUZZ_SECONDS) JOBS=$(JOBS) tests/fuzz/smoke.sh

# ---- coverage ------------------------------------------------------------------------------------

COVERAGE_MIN ?= 90

.PHONY: coverage
coverage: all $(TEST_MODELS) ## line coverage of src and convert; fails below COVERAGE_MIN (90)
	$(Q)$(MAKE) --no-print-directory -j$(JOBS) VARIANT=coverage test-programs
	$(Q)find build/coverage -name '*.gcda' -delete
	@status=0; tests/run_all.sh coverage || status=1; \
	gcovr -r . -f src/ -f convert/ build/coverage --txt build/coverage/coverage.txt \
	    --html-details build/coverage/coverage.html --print-summary \
	    --fail-under-line $(COVERAGE_MIN) > build/coverage/summary.txt || status=1; \
	sed -n '/^File/p;/^src\|^convert/p' build/coverage/coverage.txt; cat build/coverage/summary.txt; \
	exit $$status
