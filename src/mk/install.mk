# make install PREFIX=/usr/local DESTDIR=: the command, the libraries, headers and .pc files, the
# manual pages, the completions, the licence and the default model. Every path may hold spaces.

PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
DATADIR ?= $(PREFIX)/share
MANDIR ?= $(DATADIR)/man
INSTALL ?= install

# gte.pc is read from other directories. Not $(abspath), which splits a path at its spaces.
absolute = $(if $(filter /%,$(firstword $(1))),$(1),$(CURDIR)/$(1))
$(foreach dir,PREFIX BINDIR LIBDIR INCLUDEDIR DATADIR MANDIR,\
    $(eval override $(dir) := $$(call absolute,$$($(dir)))))

# Everything but the links, as MODE:FILE:DIRECTORY:NAME, DIRECTORY being the name of a variable.
MAN_PAGES := $(sort $(wildcard docs/man/*.1))
INSTALLED := 755:build/release/gte:BINDIR:gte $(SERVER_INSTALLED) \
             644:build/release/libgte.a:LIBDIR:libgte.a \
             755:build/release/libgte.so.$(VERSION):LIBDIR:libgte.so.$(VERSION) \
             644:build/release/libgtecache.a:LIBDIR:libgtecache.a \
             755:build/release/libgtecache.so.$(VERSION):LIBDIR:libgtecache.so.$(VERSION) \
             644:build/gte.pc:LIBDIR:pkgconfig/gte.pc \
             644:build/gtecache.pc:LIBDIR:pkgconfig/gtecache.pc \
             644:include/gte.h:INCLUDEDIR:gte.h \
             644:include/gte_task.h:INCLUDEDIR:gte_task.h \
             644:include/gte_cache.h:INCLUDEDIR:gte_cache.h \
             644:build/default.gte:DATADIR:gte/default.gte \
             644:LICENSE:DATADIR:doc/gte/LICENSE \
             644:models/nano/README.md:DATADIR:doc/gte/nano-model.md \
             644:src/cli/completion/gte.bash:DATADIR:bash-completion/completions/gte \
             644:src/cli/completion/_gte:DATADIR:zsh/site-functions/_gte \
             644:src/cli/completion/gte.fish:DATADIR:fish/vendor_completions.d/gte.fish \
             $(foreach page,$(MAN_PAGES),644:$(page):MANDIR:man1/$(notdir $(page)))
INSTALLED_LINKS := LIBDIR:$(SONAME) LIBDIR:libgte.so LIBDIR:$(CACHE_SONAME) LIBDIR:libgtecache.so
INSTALLED_FOLDERS := DATADIR:gte DATADIR:doc/gte

# $(call at,LIBDIR:NAME): where it goes, quoted for the shell.
at = $(call quote,$(DESTDIR)$($(firstword $(subst :, ,$(1))))/$(lastword $(subst :, ,$(1))))
part = $(word $(2),$(subst :, ,$(1)))
define install_one
$(say) INST $(call at,$(call part,$(1),3):$(call part,$(1),4))
$(Q)$(INSTALL) -D $(if $(filter 755,$(call part,$(1),1)),$(STRIPPED)) \
    -m $(call part,$(1),1) $(call part,$(1),2) \
    $(call at,$(call part,$(1),3):$(call part,$(1),4)) || { $(install_hint); exit 1; }

endef
install_hint = echo 'make install: cannot write there. As root: make && sudo make install;' \
                    'to a directory of your own: make install PREFIX=$$HOME/.local' >&2
define remove_one
$(Q)rm -f $(call at,$(1))

endef
define remove_folder
$(Q)[ ! -d $(call at,$(1)) ] || rmdir --ignore-fail-on-non-empty $(call at,$(1))

endef

# For static linking: the libraries by name, not "Requires.private: openblas", which would ask for
# what OpenBLAS itself stands on. -lgfortran needs a compiler that libopenblas.so does not need.
LIBS_PRIVATE = $(strip $(shell $(PKG_CONFIG) --libs openblas libutf8proc) -lgomp -lpthread -lm)

# A path as a .pc file wants it, then as the replacement of a sed command.
pc_path = $(call pc_value,$(subst $(space),\$(space),$(1)))
pc_value = $(subst |,\|,$(subst &,\&,$(subst \,\\,$(1))))

build/gte.pc build/gtecache.pc: build/%.pc: src/mk/%.pc.in src/mk/install.mk include/gte.h
	$(Q)mkdir -p $(@D) && rm -f $@
	$(Q)sed -e $(call quote,s|@PREFIX@|$(call pc_path,$(PREFIX))|) \
	    -e $(call quote,s|@LIBDIR@|$(call pc_path,$(LIBDIR))|) \
	    -e $(call quote,s|@INCLUDEDIR@|$(call pc_path,$(INCLUDEDIR))|) \
	    -e $(call quote,s|@LIBS_PRIVATE@|$(call pc_value,$(LIBS_PRIVATE))|) \
	    -e $(call quote,s|@CACHE_LIBS@|$(call pc_value,$(CACHE_LIBS))|) \
	    -e 's|@VERSION@|$(VERSION)|' $< > $@

.PHONY: install install-strip uninstall build/gte.pc build/gtecache.pc
install: all build/gte.pc build/gtecache.pc build/default.gte ## install under PREFIX (/usr/local), below DESTDIR
	$(foreach file,$(INSTALLED),$(call install_one,$(file)))
	$(Q)ln -sf libgte.so.$(VERSION) $(call at,LIBDIR:$(SONAME))
	$(Q)ln -sf $(SONAME) $(call at,LIBDIR:libgte.so)
	$(Q)ln -sf libgtecache.so.$(VERSION) $(call at,LIBDIR:$(CACHE_SONAME))
	$(Q)ln -sf $(CACHE_SONAME) $(call at,LIBDIR:libgtecache.so)
	$(Q)$(if $(DESTDIR),:,ldconfig 2>/dev/null || true)

install-strip: ## the same without symbols for debuggers: a fifth of the size
	@$(MAKE) --no-print-directory install STRIPPED=-s

uninstall: ## remove what install put there, and nothing else
	$(foreach file,$(INSTALLED),$(call remove_one,$(call part,$(file),3):$(call part,$(file),4)))
	$(foreach link,$(INSTALLED_LINKS),$(call remove_one,$(link)))
	$(foreach dir,$(INSTALLED_FOLDERS),$(call remove_folder,$(dir)))
