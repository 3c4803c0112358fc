/* The certificate and its key. tls_gnutls.c looks into them and can exchange them while the server
 * runs; where there is no GnuTLS to build with, tls_plain.c only reads them. */
#ifndef SERVER_TLS_H
#define SERVER_TLS_H

#include <stdbool.h>
#include <stddef.h>

/* A chain of certificates with the key of the first. */
typedef struct server__pair server__pair;

/* Reads both. On failure NULL and a line in `message`: a file that cannot be read or is not PEM, a
 * key of another certificate, a certificate that is not valid yet or no more. */
server__pair *server__pair_read(const char *cert, const char *key, char *message, size_t size);
void server__pair_free(server__pair **pair);
/* The two files as they were read, NUL-terminated. */
const char *server__pair_cert(const server__pair *pair);
const char *server__pair_key(const server__pair *pair);
/* "until 2027-01-31 12:00 UTC", or "". */
const char *server__pair_term(const server__pair *pair);

/* Handshakes that begin from now on are done with this pair, which is taken over; there is one in
 * use in a process. False: that cannot be changed while the server runs, and the pair is freed. */
bool server__tls_use(server__pair *pair);
/* For MHD_OPTION_HTTPS_CERT_CALLBACK: a function, in the guise of a pointer; NULL: none. */
void *server__tls_callback(void);
/* After the last handshake. */
void server__tls_end(void);

#endif
