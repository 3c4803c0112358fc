# make cross-aarch64: build for aarch64 with Debian's cross compiler and run the unit tests, golden
# vectors and kernels under qemu. Needs gcc-aarch64-linux-gnu and qemu-user-static of this machine
# (make deps-cross).
#
# The libraries of the target are downloaded from Debian and unpacked below build/cross: apt works
# there on lists and a package database of its own, so the packages of this machine stay as they
# are, and no foreign architecture is added to them.

CROSS := aarch64-linux-gnu
CROSS_PACKAGES := gcc-$(CROSS):command=$(CROSS)-gcc libc6-dev-arm64-cross:file=/usr/$(CROSS)/lib/libc.so \
                  qemu-user-static:command=qemu-aarch64-static
CROSS_DIR := build/cross/aarch64
CROSS_ROOT := $(CROSS_DIR)/root
CROSS_LIBRARIES := libopenblas-openmp-dev libutf8proc-dev libjansson-dev libsqlite3-dev libcunit1-dev

.PHONY: deps-cross cross-aarch64 cross-aarch64-tests
deps-cross: ## install the packages that cross-aarch64 needs
	@src/mk/packages.sh $(CROSS_PACKAGES)

$(CROSS_DIR)/done: src/mk/cross.mk src/mk/cross_root.sh
	$(say) FETCH $(CROSS_ROOT)
	$(Q)src/mk/cross_root.sh $(CROSS_DIR) arm64 $(CROSS_LIBRARIES)
	$(Q)touch $@

cross-aarch64: $(CROSS_DIR)/done all build/standin.gte build/default.gte build/golden/done ## build for aarch64, run the tests under qemu
	$(Q)PKG_CONFIG_SYSROOT_DIR=$(abspath $(CROSS_ROOT)) \
	    PKG_CONFIG_LIBDIR=$(abspath $(CROSS_DIR))/pkgconfig \
	    $(MAKE) --no-print-directory VARIANT=aarch64 CC=$(CROSS)-gcc AR=$(CROSS)-ar test-programs
	@GTE_TEST_RUNNER=$(abspath $(CROSS_DIR))/run STEP_SECONDS=1800 tests/run_all.sh aarch64
