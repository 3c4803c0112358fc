/* Certificates by GnuTLS, the library that libmicrohttpd speaks TLS with: judged when they are
 * read, and handed to each handshake by a callback, so that others can take their place. */
#include <gnutls/abstract.h>
#include <gnutls/x509.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "server/pem.h"
#include "server/tls.h"

#define MOST_CHAIN 16
#define TERM_SIZE 32

struct server__pair {
    char *cert, *key; /* PEM */
    gnutls_pcert_st chain[MOST_CHAIN];
    unsigned count;
    gnutls_privkey_t secret;
    time_t until;
    char term[TERM_SIZE];
    struct server__pair *before; /* in use before this one */
};

static bool refuse(char *message, size_t size, const char *path, const char *why)
{
    snprintf(message, size, "%s: %s", path, why);
    return false;
}

static void write_time(char *out, size_t size, const char *before, time_t at)
{
    struct tm parts;
    char text[TERM_SIZE] = "?";
    if (gmtime_r(&at, &parts)) strftime(text, sizeof text, "%Y-%m-%d %H:%M UTC", &parts);
    snprintf(out, size, "%s%.24s", before, text);
}

static bool read_chain(server__pair *pair, const char *path, char *message, size_t size)
{
    const gnutls_datum_t text = {(unsigned char *)pair->cert, (unsigned)strlen(pair->cert)};
    unsigned count = MOST_CHAIN;
    int code = gnutls_pcert_list_import_x509_raw(pair->chain, &count, &text, GNUTLS_X509_FMT_PEM,
                                                 GNUTLS_X509_CRT_LIST_IMPORT_FAIL_IF_EXCEED);
    if (code < 0) return refuse(message, size, path, gnutls_strerror(code));
    pair->count = count;
    return count > 0 || refuse(message, size, path, "no certificate in it");
}

/* Each certificate of the chain: clients refuse all of it for one. */
static bool check_times(server__pair *pair, const char *path, char *message, size_t size)
{
    const time_t now = time(NULL);
    for (unsigned i = 0; i < pair->count; i++) {
        gnutls_x509_crt_t certificate;
        char why[80];
        int code = gnutls_pcert_export_x509(&pair->chain[i], &certificate);
        if (code < 0) return refuse(message, size, path, gnutls_strerror(code));
        const time_t from = gnutls_x509_crt_get_activation_time(certificate);
        const time_t until = gnutls_x509_crt_get_expiration_time(certificate);
        gnutls_x509_crt_deinit(certificate);
        write_time(why, sizeof why, "the certificate is not valid before ", from);
        if (from > now) return refuse(message, size, path, why);
        write_time(why, sizeof why, "the certificate has expired: ", until);
        if (until < now) return refuse(message, size, path, why);
        if (i == 0 || until < pair->until) pair->until = until;
    }
    write_time(pair->term, sizeof pair->term, "until ", pair->until);
    return true;
}

static bool read_key(server__pair *pair, const char *path, char *message, size_t size)
{
    const gnutls_datum_t text = {(unsigned char *)pair->key, (unsigned)strlen(pair->key)};
    int code = gnutls_privkey_init(&pair->secret);
    if (code >= 0)
        code = gnutls_privkey_import_x509_raw(pair->secret, &text, GNUTLS_X509_FMT_PEM, NULL, 0);
    return code >= 0 || refuse(message, size, path, gnutls_strerror(code));
}

static bool is_of_each_other(const server__pair *pair)
{
    unsigned char wanted[64], found[64];
    size_t wanted_size = sizeof wanted, found_size = sizeof found;
    gnutls_pubkey_t public;
    if (gnutls_pubkey_init(&public) < 0) return false;
    bool same = gnutls_pubkey_import_privkey(public, pair->secret, 0, 0) >= 0 &&
                gnutls_pubkey_get_key_id(public, 0, found, &found_size) >= 0 &&
                gnutls_pubkey_get_key_id(pair->chain[0].pubkey, 0, wanted, &wanted_size) >= 0 &&
                wanted_size == found_size && memcmp(wanted, found, found_size) == 0;
    gnutls_pubkey_deinit(public);
    return same;
}

server__pair *server__pair_read(const char *cert, const char *key, char *message, size_t size)
{
    server__pair *pair = calloc(1, sizeof *pair);
    if (!pair) {
        snprintf(message, size, "out of memory");
        return NULL;
    }
    bool good = (pair->cert = server__pem_read(cert, message, size)) &&
                (pair->key = server__pem_read(key, message, size)) &&
                read_chain(pair, cert, message, size) && check_times(pair, cert, message, size) &&
                read_key(pair, key, message, size);
    if (good && !is_of_each_other(pair))
        good = refuse(message, size, key, "the key of another certificate");
    if (!good) server__pair_free(&pair);
    return pair;
}

void server__pair_free(server__pair **pair)
{
    server__pair *p = *pair;
    if (!p) return;
    *pair = NULL;
    for (unsigned i = 0; i < p->count; i++) gnutls_pcert_deinit(&p->chain[i]);
    if (p->secret) gnutls_privkey_deinit(p->secret);
    server__pem_free(p->cert);
    server__pem_free(p->key);
    free(p);
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
    return pair->term;
}

/* ---- in use ---------------------------------------------------------------------------------- */

/* The callback has no argument of ours, so this is the process's. Handshakes on other threads may
 * still use a pair that has had its day: it stays until the end, some kilobytes a certificate. */
static _Atomic(server__pair *) in_use;

bool server__tls_use(server__pair *pair)
{
    server__pair *before = atomic_load(&in_use);
    if (before && strcmp(before->cert, pair->cert) == 0 && strcmp(before->key, pair->key) == 0) {
        server__pair_free(&pair); /* however often SIGHUP comes, nothing grows */
        return true;
    }
    pair->before = before;
    atomic_store(&in_use, pair);
    return true;
}

static int retrieve(gnutls_session_t session, const gnutls_datum_t *issuers, int issuer_count,
                    const gnutls_pk_algorithm_t *algorithms, int algorithm_count,
                    gnutls_pcert_st **chain, unsigned *count, gnutls_privkey_t *secret)
{
    server__pair *pair = atomic_load(&in_use);
    (void)session;
    (void)issuers;
    (void)issuer_count;
    (void)algorithms;
    (void)algorithm_count;
    if (!pair) return -1;
    *chain = pair->chain;
    *count = pair->count;
    *secret = pair->secret;
    return 0;
}

void *server__tls_callback(void)
{
    gnutls_certificate_retrieve_function2 *function = retrieve;
    void *guise;
    _Static_assert(sizeof guise == sizeof function, "POSIX: a function's address is a pointer's");
    memcpy(&guise, &function, sizeof guise);
    return guise;
}

void server__tls_end(void)
{
    server__pair *pair = atomic_exchange(&in_use, NULL);
    while (pair) {
        server__pair *before = pair->before;
        server__pair_free(&pair);
        pair = before;
    }
}
