/* Names and identities of files; see file_place.h. */
#include "file_place.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

bool cache__place_name(const char *path, char out[CACHE_PATH_SIZE])
{
    char folder[PATH_MAX], real[PATH_MAX];
    size_t size = strlen(path);
    if (size == 0 || size >= CACHE_PATH_SIZE - 16) return false;
    if (realpath(path, real)) /* through a link, as SQLite would */
        return (size_t)snprintf(out, CACHE_PATH_SIZE, "%s", real) < CACHE_PATH_SIZE - 16;
    const char *slash = strrchr(path, '/');
    size_t before = slash ? (size_t)(slash - path) : 0;
    snprintf(folder, sizeof folder, "%.*s", (int)before, path);
    if (!slash) strcpy(folder, ".");
    if (slash == path) strcpy(folder, "/");
    if (!realpath(folder, real)) return false;
    int n = snprintf(out, CACHE_PATH_SIZE, "%s/%s", strcmp(real, "/") == 0 ? "" : real,
                     slash ? slash + 1 : path);
    return n > 0 && n < CACHE_PATH_SIZE - 16;
}

int cache__place_look(const char *path, cache__file_id *out)
{
    struct stat st;
    *out = (cache__file_id){0, 0};
    if (stat(path, &st) != 0) return errno == ENOENT ? 0 : -1;
    errno = EINVAL;
    if (!S_ISREG(st.st_mode)) return -1;
    *out = (cache__file_id){st.st_dev, st.st_ino};
    return 1;
}

bool cache__place_same(const cache__file_id *a, const cache__file_id *b)
{
    return a->device == b->device && a->inode == b->inode;
}

/* The folder of an absolute name. */
static void folder_of(const char *path, char out[CACHE_PATH_SIZE])
{
    size_t size = (size_t)(strrchr(path, '/') - path);
    snprintf(out, CACHE_PATH_SIZE, "%.*s", (int)(size ? size : 1), path);
}

/* path-wal and the like; `tail` has at most 15 characters. */
static const char *beside(char out[CACHE_NAME_SIZE], const char *path, const char *tail)
{
    snprintf(out, CACHE_NAME_SIZE, "%s%s", path, tail);
    return out;
}

bool cache__place_is_still(const char *path)
{
    char folder[CACHE_PATH_SIZE], log[CACHE_NAME_SIZE];
    struct stat st;
    folder_of(path, folder);
    if (faccessat(AT_FDCWD, folder, W_OK, AT_EACCESS) == 0) return false;
    return stat(beside(log, path, "-wal"), &st) != 0 || st.st_size == 0;
}

int cache__place_lock(const char *path)
{
    enum { TRIES = 100 };
    const struct timespec pause = {0, 10 * 1000 * 1000};
    char folder[CACHE_PATH_SIZE];
    folder_of(path, folder);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return -1;
    for (int i = 0; i < TRIES; i++) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0) return fd;
        if (errno != EWOULDBLOCK && errno != EINTR) break;
        nanosleep(&pause, NULL);
    }
    close(fd);
    return -1;
}

void cache__place_unlock(int lock)
{
    if (lock >= 0) close(lock);
}

bool cache__place_make(const char *path)
{
    static const char *const tails[] = {"-journal", "-wal", "-shm"};
    char name[CACHE_NAME_SIZE];
    /* A log left by a file that is gone would be taken for the new one's. */
    for (size_t i = 0; i < sizeof tails / sizeof *tails; i++)
        if (unlink(beside(name, path, tails[i])) != 0 && errno != ENOENT) return false;
    int fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    return fd >= 0 && close(fd) == 0;
}

bool cache__place_set_aside(const char *path, const cache__file_id *id)
{
    char from[CACHE_NAME_SIZE], to[CACHE_NAME_SIZE];
    cache__file_id now;
    if (cache__place_look(path, &now) != 1 || !cache__place_same(&now, id)) return true;
    /* The log first: the file without it is old, the log without the file is worse. */
    if (rename(beside(from, path, "-wal"), beside(to, path, ".corrupt-wal")) != 0) unlink(to);
    unlink(beside(from, path, "-shm"));
    unlink(beside(from, path, "-journal"));
    return rename(path, beside(to, path, ".corrupt")) == 0;
}
