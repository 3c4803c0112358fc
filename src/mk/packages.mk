# Packages, by apt-get on Debian and Ubuntu; src/mk/packages.sh installs only what is missing.
#
# OpenBLAS: of Debian's builds we take openmp. The library runs its own threads and asks OpenBLAS
# for one thread each; in the openmp build that leaves no pool behind, so two pools never fight
# for the cores. Where another build is installed already it stays: the library sets it to one
# thread too (`gte version --json` tells which build is in use).

# SQLite and libcurl are optional: without them the build has no cache files (src/mk/cache.mk) and
# does not download (src/mk/pull.mk).

# NAME:TEST pairs: a package, and what proves that it is there (src/mk/packages.sh explains).
PACKAGES := gcc:command=cc libc6-dev:file=/usr/include/stdio.h pkg-config:command=pkg-config \
            libopenblas-openmp-dev:pc=openblas libutf8proc-dev:pc=libutf8proc \
            libjansson-dev:pc=jansson libsqlite3-dev:pc=sqlite3 \
            libmicrohttpd-dev:pc=libmicrohttpd libcurl4-openssl-dev:pc=libcurl
TEST_PACKAGES := g++:command=c++ libcunit1-dev:pc=cunit clang:command=clang \
                 libclang-rt-dev:fuzzer=clang llvm:command=llvm-symbolizer \
                 clang-format:command=clang-format cppcheck:command=cppcheck \
                 python3:command=python3 python3-numpy:python=numpy gcovr:command=gcovr \
                 binutils:command=objdump valgrind:command=valgrind

.PHONY: deps deps-test
deps: ## install the packages that the build needs (apt-get; sudo when not root)
	@src/mk/packages.sh $(PACKAGES)

deps-test: ## install the packages that the tests need
	@src/mk/packages.sh $(TEST_PACKAGES)
