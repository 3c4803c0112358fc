/* Reads a file once for both digests. */
#include "pull/digest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sha256.h"
#include "pull/sha1.h"

static void to_hex(const uint8_t *digest, size_t size, char *out)
{
    for (size_t i = 0; i < size; i++) snprintf(out + 2 * i, 3, "%02x", digest[i]);
}

bool pull__is_hex(const char *text, size_t digits)
{
    return strlen(text) == digits && strspn(text, "0123456789abcdef") == digits;
}

gte_status pull__digest_file(const char *path, char *sha256, char *git_blob,
                             bool (*cancelled)(void *arg), void *arg, gte_error *err)
{
    char head[32];
    uint8_t buffer[65536], digest[32];
    gte__sha256 large;
    pull__sha1 small;
    struct stat st;
    ssize_t n = 0;
    gte_status status = GTE_OK;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0) {
        if (fd >= 0) close(fd);
        return gte__fail(err, GTE_E_IO, 0, "%.160s: %s", path, strerror(errno));
    }
    gte__sha256_init(&large);
    pull__sha1_init(&small);
    int size = snprintf(head, sizeof head, "blob %lld", (long long)st.st_size);
    pull__sha1_update(&small, head, (size_t)size + 1);
    while (status == GTE_OK && (n = read(fd, buffer, sizeof buffer)) != 0) {
        if (n < 0 && errno == EINTR) continue;
        if (n < 0)
            status = gte__fail(err, GTE_E_IO, 0, "%.160s: %s", path, strerror(errno));
        else if (cancelled(arg))
            status = gte__fail(err, GTE_E_CANCELLED, 0, "cancelled");
        if (status != GTE_OK) break;
        if (sha256) gte__sha256_update(&large, buffer, (size_t)n);
        if (git_blob) pull__sha1_update(&small, buffer, (size_t)n);
    }
    close(fd);
    gte__sha256_final(&large, digest);
    if (sha256) to_hex(digest, 32, sha256);
    pull__sha1_final(&small, digest);
    if (git_blob) to_hex(digest, 20, git_blob);
    return status;
}
