# make install PREFIX=/usr/local DESTDIR=: the command, the libraries, the header, gte.pc, the
# manual pages, the completions and the default model.

PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
DATADIR ?= $(PREFIX)/share
MANDIR ?= $(DATADIR)/man
INSTALL ?= install

MAN_PAGES := $(sort $(wildcard docs/man/*.1))
BASH_COMPLETION := $(wildcard src/cli/completion/gte.bash)
ZSH_COMPLETION := $(wildcard src/cli/completion/_gte)
FISH_COMPLETION := $(wildcard src/cli/completion/gte.fish)

build/gte.pc: src/mk/gte.pc.in src/mk/install.mk include/gte.h
	$(Q)mkdir -p $(@D)
	$(Q)sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR)|' -e 's|@VERSION@|$(VERSION)|' \
	    -e 's|@INCLUDEDIR@|$(INCLUDEDIR)|' -e 's|@DEPS@|openblas libutf8proc|' $< > $@

.PHONY: install uninstall build/gte.pc
install: all build/gte.pc build/default.gte ## install under PREFIX (/usr/local), below DESTDIR
	$(INSTALL) -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(LIBDIR)/pkgconfig $(DESTDIR)$(INCLUDEDIR) \
	    $(DESTDIR)$(MANDIR)/man1 $(DESTDIR)$(DATADIR)/gte
	$(INSTALL) -m 755 build/release/gte $(DESTDIR)$(BINDIR)/gte
	$(INSTALL) -m 644 build/release/libgte.a $(DESTDIR)$(LIBDIR)/libgte.a
	$(INSTALL) -m 755 build/release/libgte.so.$(VERSION) $(DESTDIR)$(LIBDIR)/
	ln -sf libgte.so.$(VERSION) $(DESTDIR)$(LIBDIR)/$(SONAME)
	ln -sf $(SONAME) $(DESTDIR)$(LIBDIR)/libgte.so
	$(INSTALL) -m 644 include/gte.h $(DESTDIR)$(INCLUDEDIR)/gte.h
	$(INSTALL) -m 644 build/gte.pc $(DESTDIR)$(LIBDIR)/pkgconfig/gte.pc
	$(INSTALL) -m 644 build/default.gte $(DESTDIR)$(DATADIR)/gte/default.gte
	$(if $(MAN_PAGES),$(INSTALL) -m 644 $(MAN_PAGES) $(DESTDIR)$(MANDIR)/man1/)
	$(call install_completion,$(BASH_COMPLETION),bash-completion/completions,gte)
	$(call install_completion,$(ZSH_COMPLETION),zsh/site-functions,_gte)
	$(call install_completion,$(FISH_COMPLETION),fish/vendor_completions.d,gte.fish)
	$(if $(DESTDIR),,@ldconfig 2>/dev/null || true)

define install_completion
	$(if $(1),$(INSTALL) -d $(DESTDIR)$(DATADIR)/$(2) && \
	    $(INSTALL) -m 644 $(1) $(DESTDIR)$(DATADIR)/$(2)/$(3))
endef

uninstall: ## remove what install put there
	rm -f $(DESTDIR)$(BINDIR)/gte $(DESTDIR)$(LIBDIR)/libgte.a $(DESTDIR)$(LIBDIR)/libgte.so \
	    $(DESTDIR)$(LIBDIR)/$(SONAME) $(DESTDIR)$(LIBDIR)/libgte.so.$(VERSION) \
	    $(DESTDIR)$(INCLUDEDIR)/gte.h $(DESTDIR)$(LIBDIR)/pkgconfig/gte.pc \
	    $(addprefix $(DESTDIR)$(MANDIR)/man1/,$(notdir $(MAN_PAGES))) \
	    $(DESTDIR)$(DATADIR)/bash-completion/completions/gte \
	    $(DESTDIR)$(DATADIR)/zsh/site-functions/_gte \
	    $(DESTDIR)$(DATADIR)/fish/vendor_completions.d/gte.fish
	rm -rf $(DESTDIR)$(DATADIR)/gte
