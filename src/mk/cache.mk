# libgtecache: the cache of answers, include/gte_cache.h. A library of its own, so that libgte stands
# without SQLite. Where pkg-config finds no sqlite3, or with SQLITE=no, its files are out of use and
# memory alone is left; the command says so.

ifneq ($(SQLITE),no)
SQLITE := $(shell $(PKG_CONFIG) --exists sqlite3 2>/dev/null && echo yes)
endif
CACHE_SQLITE_SOURCES := cache/database.c cache/database_open.c cache/maintain.c
ifeq ($(SQLITE),yes)
CACHE_LEFT_OUT := cache/database_absent.c
CACHE_LIBS := $(shell $(PKG_CONFIG) --libs sqlite3)
DEPS_CFLAGS += $(patsubst -I%,-isystem %,$(shell $(PKG_CONFIG) --cflags sqlite3))
else
CACHE_LEFT_OUT := $(CACHE_SQLITE_SOURCES)
CACHE_LIBS :=
endif
CACHE_OBJ := $(call objects,$(filter-out $(CACHE_LEFT_OUT),$(call sources,cache)))
CACHE_SONAME := libgtecache.so.$(VERSION_MAJOR)

$(B)/libgtecache.a: $(CACHE_OBJ) $(B)/flags
	$(say) AR $@
	$(Q)rm -f $@ && $(AR) rcs $@ $(CACHE_OBJ)

# What it needs of libgte's ground floor (statuses, SHA-256) lies inside, and is not shown.
$(B)/libgtecache.so.$(VERSION): $(CACHE_OBJ) $(B)/libgte.a
	$(say) LINK $@
	$(Q)$(CC) -shared -Wl,-soname,$(CACHE_SONAME) -Wl,--no-undefined -Wl,--exclude-libs,ALL \
	    $(VARIANT_CFLAGS) $(LDFLAGS) -o $@ $^ $(CACHE_LIBS) -lpthread -lm

$(B)/libgtecache.so: $(B)/libgtecache.so.$(VERSION)
	$(Q)ln -sf $(<F) $(@D)/$(CACHE_SONAME) && ln -sf $(CACHE_SONAME) $@
