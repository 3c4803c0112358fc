/* Reading PEM files. Whether they are good is for the TLS library to say. */
#include "server/pem.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_PEM 1048576

char *server__pem_read(const char *path, char *message, size_t size)
{
    FILE *file = fopen(path, "re");
    char *text = file ? calloc(1, MOST_PEM) : NULL;
    size_t n = text ? fread(text, 1, MOST_PEM - 1, file) : 0;
    bool failed = !text || ferror(file);
    int error = errno;
    if (file) fclose(file);
    if (!failed && n < MOST_PEM - 1 && strstr(text, "-----BEGIN ")) return text;
    snprintf(message, size, "%s: %s", path, failed ? strerror(error) : "not a PEM file");
    server__pem_free(text);
    return NULL;
}

void server__pem_free(char *text)
{
    if (text) explicit_bzero(text, strlen(text));
    free(text);
}
