# gte pull downloads by libcurl. Where pkg-config finds none, or with CURL=no, the command says so and
# the rest is built.

ifneq ($(CURL),no)
CURL := $(shell $(PKG_CONFIG) --exists libcurl 2>/dev/null && echo yes)
endif
ifeq ($(CURL),yes)
PULL_LEFT_OUT := pull/http_absent.c
PULL_LIBS := $(shell $(PKG_CONFIG) --libs libcurl)
DEPS_CFLAGS += $(patsubst -I%,-isystem %,$(shell $(PKG_CONFIG) --cflags libcurl))
else
PULL_LEFT_OUT := pull/http_curl.c
PULL_LIBS :=
endif
