# gte-server: built where libmicrohttpd is; without it `make` says so and builds the rest.

SERVER_DEPS := libmicrohttpd
SERVER_FOUND := $(shell $(PKG_CONFIG) --exists $(SERVER_DEPS) 2>/dev/null && echo yes)
SERVER_MAIN := $(B)/server/server_main.o
SERVER_OBJ := $(filter-out $(SERVER_MAIN),$(call objects,$(call sources,server)))

ifeq ($(SERVER_FOUND),yes)
SERVER_LIBS := $(shell $(PKG_CONFIG) --libs $(SERVER_DEPS))
FOLDER_server := $(patsubst -I%,-isystem %,$(shell $(PKG_CONFIG) --cflags $(SERVER_DEPS)))

$(B)/libserver.a: $(SERVER_OBJ)
	$(say) AR $@
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(B)/gte-server: $(SERVER_MAIN) $(B)/libserver.a $(B)/libgtecache.a $(B)/libgte.a
	$(say) LINK $@
	$(Q)$(CC) $(VARIANT_CFLAGS) $(LDFLAGS) -o $@ $^ $(SERVER_LIBS) $(CACHE_LIBS) $(LDLIBS)

SERVER_INSTALLED := 755:build/release/gte-server:BINDIR:gte-server

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
