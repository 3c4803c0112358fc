/* HTTP by libcurl. Proxies (HTTPS_PROXY, NO_PROXY), certificates and connections are its work; what
 * an answer means is not known here. */
#include <ctype.h>
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "pull/http_get.h"
#include "pull/pull.h"

struct pull__http {
    CURL *curl;
};

/* One request under way. */
typedef struct exchange {
    CURL *curl;
    const pull__request *request;
    pull__response *response;
} exchange;

bool pull__available(void)
{
    return true;
}

pull__http *pull__http_open(void)
{
    pull__http *http = calloc(1, sizeof *http);
    if (!http || curl_global_init(CURL_GLOBAL_DEFAULT) != 0) {
        free(http);
        return NULL;
    }
    http->curl = curl_easy_init();
    if (http->curl) return http;
    pull__http_close(http);
    return NULL;
}

void pull__http_close(pull__http *http)
{
    if (!http) return;
    curl_easy_cleanup(http->curl);
    curl_global_cleanup();
    free(http);
}

/* The value of header `name` when `line` is that header: without spaces around it, in `room`. */
static bool header_is(const char *line, size_t size, const char *name, char *room, size_t room_size)
{
    size_t n = strlen(name);
    if (size <= n || strncasecmp(line, name, n) != 0 || line[n] != ':') return false;
    line += n + 1;
    size -= n + 1;
    while (size && isspace((unsigned char)*line)) line++, size--;
    while (size && isspace((unsigned char)line[size - 1])) size--;
    if (size >= room_size) return false; /* longer than anything meant for us */
    memcpy(room, line, size);
    room[size] = '\0';
    return true;
}

static uint64_t number_of(const char *text)
{
    char *end;
    if (!isdigit((unsigned char)*text)) return UINT64_MAX;
    unsigned long long value = strtoull(text, &end, 10);
    return value;
}

static size_t on_header(char *line, size_t one, size_t size, void *arg)
{
    const exchange *e = arg;
    pull__response *response = e->response;
    char value[PULL__ETAG_SIZE];
    (void)one;
    if (size > 5 && strncmp(line, "HTTP/", 5) == 0) { /* another answer: a 100, a proxy's */
        *response = (pull__response){.linked_size = UINT64_MAX, .range_start = UINT64_MAX};
    } else if (header_is(line, size, "ETag", value, sizeof value)) {
        memcpy(response->etag, value, sizeof value);
    } else if (header_is(line, size, "X-Linked-Etag", value, sizeof value)) {
        memcpy(response->linked_etag, value, sizeof value);
    } else if (header_is(line, size, "X-Linked-Size", value, sizeof value)) {
        response->linked_size = number_of(value);
    } else if (header_is(line, size, "Content-Range", value, sizeof value)) {
        if (strncasecmp(value, "bytes ", 6) == 0) response->range_start = number_of(value + 6);
    }
    return size;
}

static int status_of(CURL *curl)
{
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    return (int)status;
}

static size_t on_body(char *data, size_t one, size_t size, void *arg)
{
    const exchange *e = arg;
    (void)one;
    if (e->request->cancelled(e->request->arg)) return 0;
    e->response->status = status_of(e->curl);
    if (e->response->status != 200 && e->response->status != 206) return size; /* an error's page */
    return e->request->body(e->request->arg, e->response, data, size) ? size : 0;
}

static int on_progress(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    const exchange *e = arg;
    (void)a, (void)b, (void)c, (void)d;
    return e->request->cancelled(e->request->arg);
}

static enum pull__outcome outcome_of(CURLcode code)
{
    switch (code) {
    case CURLE_OK:
        return PULL__ANSWERED;
    case CURLE_WRITE_ERROR:
    case CURLE_ABORTED_BY_CALLBACK:
        return PULL__STOPPED;
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
    case CURLE_OUT_OF_MEMORY:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_COULDNT_RESOLVE_PROXY:
        return PULL__HOPELESS;
    default:
        return PULL__CUT;
    }
}

static struct curl_slist *add_header(struct curl_slist *list, const char *name, const char *value)
{
    char line[PULL__URL_SIZE];
    snprintf(line, sizeof line, "%s: %s", name, value);
    struct curl_slist *longer = curl_slist_append(list, line);
    if (!longer) curl_slist_free_all(list);
    return longer;
}

/* NULL: out of memory. */
static struct curl_slist *headers_of(const pull__request *request)
{
    char text[1024];
    struct curl_slist *list = add_header(NULL, "Accept", "*/*");
    if (list && request->token) {
        snprintf(text, sizeof text, "Bearer %s", request->token);
        list = add_header(list, "Authorization", text);
    }
    if (list && request->offset) {
        snprintf(text, sizeof text, "bytes=%llu-", (unsigned long long)request->offset);
        list = add_header(list, "Range", text);
        if (list && request->if_range && *request->if_range)
            list = add_header(list, "If-Range", request->if_range);
    }
    return list;
}

static void prepare(CURL *curl, exchange *e, struct curl_slist *headers, char *why)
{
    const pull__request *request = e->request;
    curl_easy_reset(curl); /* connections stay */
    curl_easy_setopt(curl, CURLOPT_URL, request->url);
#if LIBCURL_VERSION_NUM >= 0x075500
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
#else
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "gte/" GTE_VERSION_STRING);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    /* a proxy is told nothing that is meant for the hub */
    curl_easy_setopt(curl, CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE);
    curl_easy_setopt(curl, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)request->timeout);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)request->timeout);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, e);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, e);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, e);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, why);
}

enum pull__outcome pull__http_get(pull__http *http, const pull__request *request,
                                  pull__response *response, char *why)
{
    char message[CURL_ERROR_SIZE] = "";
    exchange e = {http->curl, request, response};
    *response = (pull__response){.linked_size = UINT64_MAX, .range_start = UINT64_MAX};
    *why = '\0';
    struct curl_slist *headers = headers_of(request);
    if (!headers) {
        snprintf(why, PULL__WHY_SIZE, "out of memory");
        return PULL__HOPELESS;
    }
    prepare(http->curl, &e, headers, message);
    CURLcode code = curl_easy_perform(http->curl);
    response->status = status_of(http->curl);
    char *location = NULL;
    curl_off_t wait = 0;
    if (curl_easy_getinfo(http->curl, CURLINFO_REDIRECT_URL, &location) == CURLE_OK && location)
        snprintf(response->location, sizeof response->location, "%s", location);
    if (curl_easy_getinfo(http->curl, CURLINFO_RETRY_AFTER, &wait) == CURLE_OK && wait > 0)
        response->retry_after = wait > 1000000 ? 1000000 : (int)wait;
    curl_easy_setopt(http->curl, CURLOPT_ERRORBUFFER, NULL);
    curl_slist_free_all(headers);
    if (code != CURLE_OK)
        snprintf(why, PULL__WHY_SIZE, "%.*s", PULL__WHY_SIZE - 1,
                 *message ? message : curl_easy_strerror(code));
    return outcome_of(code);
}
