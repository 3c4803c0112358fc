# gte-server: built where libmicrohttpd is; without it `make` says so and builds the rest.

SERVER_DEPS := libmicrohttpd
SERVER_FOUND := $(shell $(PKG_CONFIG) --exists $(SERVER_DEPS) 2>/dev/null && echo yes)
SERVER_MAIN := $(B)/server/server_main.o
# Looking into certificates takes the library that libmicrohttpd has TLS from; its development files
# come with those of libmicrohttpd where that has TLS.
SERVER_TLS := $(shell $(PKG_CONFIG) --exists gnutls 2>/dev/null && echo gnutls)
SERVER_LEFT_OUT := server/tls_$(if $(SERVER_TLS),plain,gnutls).c
SERVER_OBJ := $(filter-out $(SERVER_MAIN),$(call objects,$(filter-out $(SERVER_LEFT_OUT),$(call sources,server))))

ifeq ($(SERVER_FOUND),yes)
SERVER_LIBS := $(shell $(PKG_CONFIG) --libs $(SERVER_DEPS) $(SERVER_TLS))
FOLDER_server := $(patsubst -I%,-isystem %,$(shell $(PKG_CONFIG) --cflags $(SERVER_DEPS)))

# The page and the description of the API, as arrays in the program: PATH=TYPE=FILE.
SERVER_ASSETS := /=text/html;charset=utf-8=server/page/index.html \
    /static/page.css=text/css;charset=utf-8=server/page/page.css \
    $(foreach name,words draw page,/static/$(name).js=text/javascript;charset=utf-8=server/page/$(name).js) \
    /openapi.json=application/json=docs/openapi.json
asset_part = $(word $(2),$(subst =, ,$(subst ;charset=,;charset@,$(1))))
asset_name = $(subst -,_,$(subst .,_,$(notdir $(call asset_part,$(1),3))))
SERVER_ASSET_FILES := $(foreach asset,$(SERVER_ASSETS),$(call asset_part,$(asset),3))

$(B)/server/assets.c: $(SERVER_ASSET_FILES) src/mk/server.mk
	$(Q)mkdir -p $(@D)
	$(Q)printf '#include "server/assets.h"\n' > $@.new
	$(Q)$(foreach asset,$(SERVER_ASSETS),{ printf 'static const unsigned char $(call asset_name,$(asset))[] = {\n'; \
	    od -An -v -tu1 $(call asset_part,$(asset),3) | sed 's/  *\([0-9][0-9]*\)/\1,/g'; printf '};\n'; } >> $@.new && ) :
	$(Q)printf 'const server__asset server__assets[] = {\n' >> $@.new
	$(Q)$(foreach asset,$(SERVER_ASSETS),printf '{"%s", "%s", %s, sizeof %s},\n' '$(call asset_part,$(asset),1)' \
	    '$(subst @,=,$(call asset_part,$(asset),2))' $(call asset_name,$(asset)) $(call asset_name,$(asset)) >> $@.new && ) :
	$(Q)printf '{0},\n};\n' >> $@.new && mv $@.new $@

$(B)/server/assets.o: $(B)/server/assets.c $(B)/flags
	$(say) CC $<
	$(Q)$(CC) $(compile_flags) -c -o $@ $<
SERVER_OBJ += $(B)/server/assets.o

$(B)/libserver.a: $(SERVER_OBJ)
	$(say) AR $@
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(B)/gte-server: $(SERVER_MAIN) $(B)/libserver.a $(B)/libpull.a $(B)/libconvert.a \
    $(B)/libgtecache.a $(B)/libgte.a
	$(say) LINK $@
	$(Q)$(CC) $(VARIANT_CFLAGS) $(LDFLAGS) -o $@ $^ $(SERVER_LIBS) $(CACHE_LIBS) $(LDLIBS)

SERVER_INSTALLED := 755:build/release/gte-server:BINDIR:gte-server \
    644:server/completion/gte-server.bash:DATADIR:bash-completion/completions/gte-server \
    644:server/completion/_gte-server:DATADIR:zsh/site-functions/_gte-server \
    644:server/completion/gte-server.fish:DATADIR:fish/vendor_completions.d/gte-server.fish

ifeq ($(VARIANT),release)
all: build/gte-server
build/gte-server: build/release/gte-server
	$(Q)ln -sf release/gte-server $@
else
all: $(B)/gte-server
endif
else
all: no-server
.PHONY: no-server
no-server:
	@echo '  gte-server is not built: $(SERVER_DEPS) not found by $(PKG_CONFIG) (make deps)'
endif

# What the tests need, where there is a server.
.PHONY: server-program
server-program: $(if $(SERVER_FOUND),$(B)/gte-server)

.PHONY: serve
serve: all build/default.gte ## serve the default model on 127.0.0.1:5000; SERVE_ARGS= for options
	$(Q)build/gte-server -m build/default.gte $(SERVE_ARGS)
