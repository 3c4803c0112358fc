/* GET /, the page for people; /static/, its parts; /openapi.json, the API described. All are
 * constant: they carry an ETag, and a client that has them is told so. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "server/assets.h"
#include "server/json_out.h"
#include "server/routes.h"
#include "server/service.h"

enum { ASSETS_MOST = 16, TAG_SIZE = 20 };

static char tags[ASSETS_MOST][TAG_SIZE]; /* of server__assets, in its order */
static pthread_once_t tags_made = PTHREAD_ONCE_INIT;

/* FNV-1a, 64 bits (Fowler, Noll, Vo): tells versions of a file apart, no more is asked of it. */
static void make_tags(void)
{
    for (size_t n = 0; n < ASSETS_MOST && server__assets[n].path; n++) {
        const server__asset *asset = &server__assets[n];
        unsigned long long h = 14695981039346656037ull;
        for (size_t i = 0; i < asset->size; i++) h = (h ^ asset->data[i]) * 1099511628211ull;
        snprintf(tags[n], TAG_SIZE, "\"%016llx\"", h);
    }
}

/* NULL: there is none at that path. */
static const server__asset *asset_at(const char *path, const char **tag)
{
    pthread_once(&tags_made, make_tags);
    for (size_t n = 0; n < ASSETS_MOST && server__assets[n].path; n++)
        if (strcmp(server__assets[n].path, path) == 0) {
            *tag = tags[n];
            return &server__assets[n];
        }
    return NULL;
}

/* Pages may load only what comes from here, and may not be framed. */
static void guard_page(server__request *request)
{
    server__answer_header(request, "Content-Security-Policy",
                          "default-src 'none'; script-src 'self'; style-src 'self'; "
                          "connect-src 'self'; img-src data:; base-uri 'none'; "
                          "form-action 'none'; frame-ancestors 'none'");
    server__answer_header(request, "X-Content-Type-Options", "nosniff");
    server__answer_header(request, "Referrer-Policy", "no-referrer");
}

static void asset_handle(server__request *request)
{
    const char *tag;
    const server__asset *asset = asset_at(request->path, &tag);
    const char *known = server__header(request, "If-None-Match");
    if (!asset) {
        server__fail(request, 404, "not_found", NULL, "there is no such file here");
        return;
    }
    guard_page(request);
    server__answer_header(request, "ETag", tag);
    /* Asked for anew each time, so that an upgrade shows; by its tag, which costs little. */
    server__answer_header(request, "Cache-Control", "no-cache");
    if (known && strstr(known, tag)) {
        server__answer_constant(request, 304, asset->type, "", 0);
        return;
    }
    server__answer_constant(request, 200, asset->type, (const char *)asset->data, asset->size);
}

const server__route server__page_routes[] = {
    {"GET", "/", asset_handle, SERVER__PLAIN, SERVER__OPEN | SERVER__QUIET, 0},
    {"GET", "/static/page.css", asset_handle, SERVER__PLAIN, SERVER__OPEN | SERVER__QUIET, 0},
    {"GET", "/static/words.js", asset_handle, SERVER__PLAIN, SERVER__OPEN | SERVER__QUIET, 0},
    {"GET", "/static/draw.js", asset_handle, SERVER__PLAIN, SERVER__OPEN | SERVER__QUIET, 0},
    {"GET", "/static/page.js", asset_handle, SERVER__PLAIN, SERVER__OPEN | SERVER__QUIET, 0},
    {"GET", "/openapi.json", asset_handle, SERVER__PLAIN, SERVER__OPEN | SERVER__QUIET, 0},
    {0},
};
