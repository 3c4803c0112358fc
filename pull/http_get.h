/* One GET, without redirects and without retries. http_curl.c is the only file that knows libcurl;
 * http_absent.c stands in where the build has none. */
#ifndef GTE_PULL_HTTP_GET_H
#define GTE_PULL_HTTP_GET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PULL__URL_SIZE 8192 /* signed addresses of CDNs are long */
#define PULL__ETAG_SIZE 160
#define PULL__WHY_SIZE 128

typedef struct pull__http pull__http; /* keeps connections between requests; one thread */

typedef struct pull__response {
    int status;                        /* 0: none came */
    char location[PULL__URL_SIZE];     /* absolute; "" unless it is a redirect */
    char etag[PULL__ETAG_SIZE];        /* as sent, quotes and all; "" if none */
    char linked_etag[PULL__ETAG_SIZE]; /* X-Linked-Etag: HuggingFace's digest of the file */
    uint64_t linked_size;              /* X-Linked-Size; UINT64_MAX: none */
    uint64_t range_start;              /* of Content-Range; UINT64_MAX: none */
    int retry_after;                   /* seconds, 0: not said */
} pull__response;

typedef struct pull__request {
    const char *url;
    const char *token;    /* Authorization: Bearer; NULL: none */
    uint64_t offset;      /* Range: bytes=offset-; 0: none */
    const char *if_range; /* ETag of what is there already; "" or NULL: none */
    unsigned timeout;     /* seconds without a byte */
    /* A piece of the body of a 200 or 206; false stops. */
    bool (*body)(void *arg, const pull__response *response, const void *data, size_t size);
    bool (*cancelled)(void *arg); /* asked about once a second and at every piece */
    void *arg;
} pull__request;

enum pull__outcome {
    PULL__ANSWERED, /* the whole answer came; its status may still be an error */
    PULL__CUT,      /* no connection, or it broke or stalled: another attempt may help */
    PULL__STOPPED,  /* body or cancelled said so */
    PULL__HOPELESS  /* a certificate, an address: another attempt will not help */
};

pull__http *pull__http_open(void); /* NULL: out of memory */
void pull__http_close(pull__http *http);

/* `why` (PULL__WHY_SIZE bytes) tells a failure; "" after PULL__ANSWERED. */
enum pull__outcome pull__http_get(pull__http *http, const pull__request *request,
                                  pull__response *response, char *why);

#endif
