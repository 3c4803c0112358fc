/* Limits from settings. */
#include "server/limits.h"

void server__limits_set(server__limits *limits, const server__settings *settings)
{
#define SET(name) atomic_store(&limits->name, settings->name);
    SERVER__LIMITS(SET)
#undef SET
}

const atomic_int *server__limit_at(const server__limits *limits, size_t offset)
{
#define FIND(name)                                                                                 \
    if (offset == offsetof(server__settings, name)) return &limits->name;
    SERVER__LIMITS(FIND)
#undef FIND
    return NULL;
}
