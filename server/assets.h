/* Files that the server carries in itself: the page and the description of the API. */
#ifndef SERVER_ASSETS_H
#define SERVER_ASSETS_H

#include <stddef.h>

typedef struct server__asset {
    const char *path; /* "/static/page.css" */
    const char *type;
    const unsigned char *data;
    size_t size;
} server__asset;

/* Made by src/mk/server.mk from server/page/ and docs/openapi.json; the last row has no path. */
extern const server__asset server__assets[];

#endif
