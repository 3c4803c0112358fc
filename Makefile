# gte: text to vectors on a CPU.
#
# `make help` lists the targets. Everything that is built lies in build/: objects in
# build/VARIANT/, where VARIANT is release, asan, ubsan, tsan, coverage, fuzz or aarch64, so builds
# with different flags never mix; what a user wants (gte, libgte.a, libgte.so) in build/ itself.
# CFLAGS, CPPFLAGS and LDFLAGS are yours; what the project needs is added to them.
#
# In src/mk/: packages.mk, what to install; cache.mk, the cache; pull.mk, downloading; server.mk, the HTTP server;
# install.mk, install and uninstall; tests.mk, demo, tests, coverage, fuzzing; perf.mk, peers and
# instruction counts; lint.mk, style and structure.

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules
SHELL := /bin/sh

VARIANT ?= release
CFLAGS ?= -O2 -g
AR ?= ar
ifeq ($(origin CC),default)
CC := cc
endif
CXX ?= c++
FUZZ_CC ?= clang
ifeq ($(VARIANT),fuzz)
CC := $(FUZZ_CC)
endif
PKG_CONFIG ?= pkg-config
JOBS ?= $(shell nproc 2>/dev/null || echo 1)

version_of = $(shell sed -n 's/^\#define GTE_VERSION_$(1) //p' include/gte.h)
VERSION_MAJOR := $(call version_of,MAJOR)
VERSION := $(VERSION_MAJOR).$(call version_of,MINOR).$(call version_of,PATCH)
SONAME := libgte.so.$(VERSION_MAJOR)

B := build/$(VARIANT)

# Quiet lines unless V=1.
ifeq ($(V),1)
Q :=
say = @:
else
Q := @
say = @printf '  %-5s %s\n'
endif

# An argument of a shell command, whatever it holds.
quote = '$(subst ','\'',$(1))'
empty :=
space := $(empty) $(empty)

# ---- the packages the program stands on ----------------------------------------------------------

DEPS := openblas libutf8proc jansson
DEPS_FOUND := $(shell $(PKG_CONFIG) --exists $(DEPS) 2>/dev/null && echo yes)
need_deps = $(if $(DEPS_FOUND),,$(error $(DEPS) not all found by $(PKG_CONFIG): run `make deps`))
ifeq ($(DEPS_FOUND),yes)
# As system directories, so that our warnings do not look into their headers.
DEPS_CFLAGS := $(patsubst -I%,-isystem %,$(shell $(PKG_CONFIG) --cflags $(DEPS)))
DEPS_LIBS := $(shell $(PKG_CONFIG) --libs $(DEPS))
endif
# libgomp: to hold the openmp build of OpenBLAS to one thread on our threads.
LDLIBS += $(DEPS_LIBS) -lgomp -lpthread -lm

# ---- flags -----------------------------------------------------------------------------------------

WARNINGS := -Wall -Wextra -Wshadow -Wcast-qual -Wstrict-prototypes -Wmissing-prototypes -Wundef \
            -Wconversion -Wvla
ifeq ($(CI),true)
WARNINGS += -Werror
endif
PROJECT_CFLAGS := -std=c11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -fPIC -fvisibility=hidden -Iinclude -Isrc -I. \
                  $(DEPS_CFLAGS) $(WARNINGS)

VARIANT_release :=
VARIANT_asan := -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
VARIANT_ubsan := -O1 -fsanitize=undefined,float-cast-overflow -fno-sanitize-recover=all
VARIANT_tsan := -O1 -fsanitize=thread
VARIANT_aarch64 = --sysroot=$(abspath $(CROSS_ROOT)) # src/mk/cross.mk
# Threads count too: without atomic updates counters are lost and turn negative.
VARIANT_coverage := -Og -fno-inline --coverage -fprofile-update=atomic
VARIANT_fuzz := -O1 -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined \
                -fno-sanitize-recover=all
VARIANT_CFLAGS = $(VARIANT_$(VARIANT))
ifeq ($(filter $(VARIANT),release asan ubsan tsan coverage fuzz aarch64),)
$(error unknown VARIANT=$(VARIANT))
endif

# Instruction sets by folder: only these objects may hold AVX code, and only the dispatch table
# leads to them (src/base/x86 holds SHA instructions, no AVX). -ffp-contract=fast lets a*b+c be one FMA there; nowhere else.
KERNEL_CFLAGS := -O3 -ffp-contract=fast -fno-math-errno
FOLDER_src/base/x86 := -msha -msse4.1 -O3
FOLDER_src/kernels/avx2 := -mavx2 -mfma $(KERNEL_CFLAGS)
FOLDER_src/kernels/avxvnni := $(FOLDER_src/kernels/avx2)
FOLDER_src/kernels/avx512 := -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx2 -mfma \
                             -mprefer-vector-width=512 $(KERNEL_CFLAGS)
FOLDER_src/kernels/avx512vnni := $(FOLDER_src/kernels/avx512) -mavx512vnni
FOLDER_src/kernels/avx512bf16 := $(FOLDER_src/kernels/avx512) -mavx512bf16
# The loops of the trainer and of decoders are plain C, worth vectorising with what every processor
# has.
FOLDER_src/train := -O3 -fno-math-errno
FOLDER_src/tasks := $(FOLDER_src/train)
# Debuggers and coverage want the kernels as written, so a variant's -O comes last.
compile_flags = $(CPPFLAGS) $(PROJECT_CFLAGS) $(CFLAGS) $(FOLDER_$(patsubst %/,%,$(dir $<))) \
                $(VARIANT_CFLAGS)

# What was built with other flags is built again. Not by a mere `make install`: sudo drops CC and
# CFLAGS of the environment, and what was built and tested is what should be installed.
FLAGS = $(CC) $(CPPFLAGS) $(PROJECT_CFLAGS) $(CFLAGS) $(VARIANT_CFLAGS) $(LDFLAGS) $(LDLIBS) \
        $(CACHE_LIBS) $(PULL_LIBS)
ifneq ($(MAKECMDGOALS),install)
.PHONY: force
$(B)/flags: force
endif
$(B)/flags:
	$(Q)mkdir -p $(@D)
	$(Q)printf '%s\n' $(call quote,$(FLAGS)) > $@.new
	$(Q)if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

# ---- sources -----------------------------------------------------------------------------------------

include src/mk/pull.mk

LIB_DIRS := src src/base src/model src/tokenizer src/encoder src/tasks src/kernels src/kernels/scalar
ifneq ($(filter x86_64-%,$(shell $(CC) -dumpmachine 2>/dev/null)),)
LIB_DIRS += src/base/x86 $(addprefix src/kernels/,avx2 avxvnni avx512 avx512vnni avx512bf16)
endif
sources = $(sort $(wildcard $(addsuffix /*.c,$(1))))
objects = $(patsubst %.c,$(B)/%.o,$(1))
assembly = $(sort $(wildcard $(addsuffix /*.S,$(1))))

LIB_OBJ := $(call objects,$(call sources,$(LIB_DIRS))) \
           $(patsubst %.S,$(B)/%.o,$(call assembly,$(LIB_DIRS)))
TRAIN_OBJ := $(call objects,$(call sources,src/train))
CONVERT_OBJ := $(call objects,$(call sources,convert))
PULL_OBJ := $(call objects,$(filter-out $(PULL_LEFT_OUT),$(call sources,pull)))
PERF_OBJ := $(call objects,$(call sources,perf/bench perf/profile)) $(B)/perf/profile/page_array.o
CLI_MAIN := $(B)/src/cli/main.o
CLI_OBJ := $(filter-out $(CLI_MAIN),$(call objects,$(call sources,src/cli)))

include src/mk/cache.mk

# ---- products ----------------------------------------------------------------------------------------

.PHONY: all
ifeq ($(VARIANT),release)
all: build/gte build/libgte.a build/libgte.so build/libgtecache.a build/libgtecache.so ## build the command and the libraries (the default)
else
all: $(B)/gte $(B)/libgte.a $(B)/libgtecache.a
endif

# What the user looks for stands in build/: the release build.
build/gte build/libgte.a build/libgte.so build/libgtecache.a build/libgtecache.so: build/%: \
        build/release/%
	$(Q)ln -sf release/$* $@
	$(Q)case $* in *.so) ln -sf release/$*.$(VERSION_MAJOR) build/$*.$(VERSION_MAJOR) ;; esac

$(B)/libgte.a: $(LIB_OBJ)
	$(say) AR $@
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(B)/libgte.so.$(VERSION): $(LIB_OBJ)
	$(say) LINK $@
	$(Q)$(CC) -shared -Wl,-soname,$(SONAME) -Wl,--no-undefined $(VARIANT_CFLAGS) $(LDFLAGS) \
	    -o $@ $^ $(LDLIBS)

$(B)/libgte.so: $(B)/libgte.so.$(VERSION)
	$(Q)ln -sf $(<F) $(@D)/$(SONAME) && ln -sf $(SONAME) $@

# The converter, the downloader, the measuring tools, and the command without its main: what the
# command and the tests link.
$(B)/libconvert.a: $(CONVERT_OBJ)
	$(say) AR $@
	$(Q)rm -f $@ && $(AR) rcs $@ $^

# The trainer of gte train: not a part of the library.
$(B)/libtrain.a: $(TRAIN_OBJ)
	$(say) AR $@
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(B)/libperf.a: $(PERF_OBJ)
	$(say) AR $@
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(B)/libpull.a: $(PULL_OBJ) $(B)/flags
	$(say) AR $@
	$(Q)rm -f $@ && $(AR) rcs $@ $(PULL_OBJ)

$(B)/libcli.a: $(CLI_OBJ)
	$(say) AR $@
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(B)/gte: $(CLI_MAIN) $(B)/libcli.a $(B)/libtrain.a $(B)/libpull.a $(B)/libconvert.a $(B)/libperf.a $(B)/libgtecache.a $(B)/libgte.a
	$(say) LINK $@
	$(Q)$(CC) $(VARIANT_CFLAGS) $(LDFLAGS) -o $@ $^ $(CACHE_LIBS) $(PULL_LIBS) $(LDLIBS)

$(B)/%.o: %.c $(B)/flags
	$(need_deps)
	$(say) CC $<
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(compile_flags) -MMD -MP -c -o $@ $<

# The page of gte profile, its parts put together, as an array of bytes.
PAGE_SCRIPTS := $(addprefix perf/profile/,page_words.js page_timeline.js page_plots.js)
$(B)/perf/profile/page.html: perf/profile/page.html perf/profile/page.css $(PAGE_SCRIPTS)
	$(Q)mkdir -p $(@D)
	$(Q)sed -e '/^PAGE_STYLE$$/{' -e 'r perf/profile/page.css' -e 'd' -e '}' \
	    -e '/^PAGE_SCRIPT$$/{' $(foreach part,$(PAGE_SCRIPTS),-e 'r $(part)') -e 'd' -e '}' $< > $@

$(B)/perf/profile/page_array.c: $(B)/perf/profile/page.html
	$(Q)printf '#include <stddef.h>\nextern const unsigned char profile__page[];\nextern const size_t %s\n%s\n' \
	    'profile__page_size;' 'const unsigned char profile__page[] = {' > $@
	$(Q)od -An -v -tu1 $< | sed 's/  *\([0-9][0-9]*\)/\1,/g' >> $@
	$(Q)printf '};\nconst size_t profile__page_size = sizeof profile__page;\n' >> $@

$(B)/perf/profile/page_array.o: $(B)/perf/profile/page_array.c $(B)/flags
	$(say) CC $<
	$(Q)$(CC) $(compile_flags) -c -o $@ $<

# The inner loops of the matrix kernels. Only the preprocessor's flags: they say themselves which
# instructions they use.
$(B)/%.o: %.S
	$(say) AS $<
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) -Isrc -MMD -MP -c -o $@ $<

include src/mk/packages.mk src/mk/cross.mk src/mk/server.mk src/mk/install.mk src/mk/tests.mk src/mk/perf.mk src/mk/lint.mk

-include $(shell find $(B) -name '*.d' 2>/dev/null)

.PHONY: help clean
help: ## list the targets
	@awk 'BEGIN { FS = ":.*## " } /^[a-z][a-z0-9 -]*:.*## / { \
	    printf "  %-24s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

clean: ## remove build/
	rm -rf build
