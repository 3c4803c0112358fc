/* Certificates without GnuTLS: read, and left to libmicrohttpd to judge at its start. */
#include <stdlib.h>

#include "server/pem.h"
#include "server/tls.h"

struct server__pair {
    char *cert, *key;
};

server__pair *server__pair_read(const char *cert, const char *key, char *message, size_t size)
{
    server__pair *pair = calloc(1, sizeof *pair);
    if (pair) pair->cert = server__pem_read(cert, message, size);
    if (pair && pair->cert) pair->key = server__pem_read(key, message, size);
    if (!pair || !pair->key) server__pair_free(&pair);
    return pair;
}

void server__pair_free(server__pair **pair)
{
    if (!*pair) return;
    server__pem_free((*pair)->cert);
    server__pem_free((*pair)->key);
    free(*pair);
    *pair = NULL;
}

const char *server__pair_cert(const server__pair *pair)
{
    return pair->cert;
}

const char *server__pair_key(const server__pair *pair)
{
    return pair->key;
}

const char *server__pair_term(const server__pair *pair)
{
    (void)pair;
    return "";
}

static server__pair *in_use;

bool server__tls_use(server__pair *pair)
{
    if (in_use) {
        server__pair_free(&pair);
        return false;
    }
    in_use = pair;
    return true;
}

void *server__tls_callback(void)
{
    return NULL;
}

void server__tls_end(void)
{
    server__pair_free(&in_use);
}
