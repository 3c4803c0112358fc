/* Certificates and keys as text. */
#ifndef SERVER_PEM_H
#define SERVER_PEM_H

#include <stddef.h>

/* The file's text, NUL-terminated, or NULL and a line in `message`: it cannot be read, or is not
 * PEM. */
char *server__pem_read(const char *path, char *message, size_t size);
/* Wipes and frees; NULL is allowed. */
void server__pem_free(char *text);

#endif
