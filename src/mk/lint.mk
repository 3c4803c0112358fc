# Style and structure, each a program that prints "ok" or "not ok" lines for tests/run_all.sh.

CLANG_FORMAT ?= clang-format
CPPCHECK ?= cppcheck
# Releases of clang-format differ in taste; .clang-format is written for this one.
CLANG_FORMAT_MAJOR := 14

LINT_DIRS := include src convert cache pull server models tests perf
LINT_SOURCES = $(shell find $(LINT_DIRS) -name '*.c' -o -name '*.h' | sort)
# clang-format does not read assembly; sizes hold for it, too.
LINT_ASSEMBLY = $(shell find $(LINT_DIRS) -name '*.S' -o -name '*.inc' | sort)

.PHONY: lint lint-objects check-format check-static check-deps check-exports check-size check-vex
lint: all ## formatting, static analysis, sizes, include directions, exports
	@bad=0; for check in format size deps static exports vex; do \
	    $(MAKE) --no-print-directory check-$$check || bad=1; done; exit $$bad

check-format:
	@if ! $(CLANG_FORMAT) --version 2>/dev/null | grep -q 'version $(CLANG_FORMAT_MAJOR)\.'; then \
	    echo 'SKIP clang-format $(CLANG_FORMAT_MAJOR) is not here; other releases differ'; \
	elif $(CLANG_FORMAT) --dry-run -Werror $(LINT_SOURCES); then echo 'ok clang-format'; \
	else echo 'not ok clang-format'; exit 1; fi

check-static:
	@if ! command -v $(CPPCHECK) >/dev/null 2>&1; then echo 'SKIP cppcheck is not here'; \
	elif $(CPPCHECK) --quiet --std=c11 --enable=warning,performance,portability -j $(JOBS) \
	    --inline-suppr --suppressions-list=src/mk/cppcheck.txt --error-exitcode=1 \
	    -D__x86_64__ -D__GNUC__=12 -D__GLIBC__=2 -Iinclude -Isrc -I. src convert cache pull perf models; \
	then echo 'ok cppcheck'; else echo 'not ok cppcheck'; exit 1; fi

check-deps: ## who may include whom
	@tests/lint/check_deps.sh

check-exports: all ## the symbols of libgte and libgtecache
	@tests/lint/check_exports.sh

check-size: ## files, functions and lines within their limits
	@tests/lint/check_size.sh $(LINT_SOURCES) $(LINT_ASSEMBLY)

check-vex: all
	@tests/lint/check_vex.sh
