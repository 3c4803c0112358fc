/* The folders of unfinished pulls: DIR/.pull/OWNER--NAME, with the files of the model as they come
 * and a lock. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/status.h"
#include "pull/store.h"

#define LOCK "/.lock"

static bool stage_path(const char *dir, const char *repo, char room[PULL__PATH_SIZE])
{
    const char *slash = strchr(repo, '/');
    int size = snprintf(room, PULL__PATH_SIZE - 160, "%s/.pull/%.*s--%s", dir, (int)(slash - repo),
                        repo, slash + 1);
    return size > 0 && size < PULL__PATH_SIZE - 160;
}

static bool skip_entry(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Bytes of the files below, one folder deep; removes them all if `remove`. */
static uint64_t walk(const char *path, bool remove, int depth)
{
    char inner[PULL__PATH_SIZE + 260];
    uint64_t bytes = 0;
    const struct dirent *entry;
    struct stat st;
    DIR *dir = opendir(path);
    if (!dir) return 0;
    while ((entry = readdir(dir))) {
        if (skip_entry(entry->d_name)) continue;
        snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name);
        if (lstat(inner, &st) != 0) continue;
        if (S_ISDIR(st.st_mode)) {
            if (depth > 0) bytes += walk(inner, remove, depth - 1);
        } else {
            bytes += (uint64_t)st.st_size;
            if (remove) unlink(inner);
        }
    }
    closedir(dir);
    if (remove) rmdir(path);
    return bytes;
}

/* The lock of a folder; -1: another process has it, or errno says. A lock file that was removed
 * between open and flock locks nobody out, so it must still be the one under the name. */
static int lock_folder(const char *stage)
{
    char path[PULL__PATH_SIZE + 8];
    struct stat by_name, by_fd;
    snprintf(path, sizeof path, "%s" LOCK, stage);
    for (int turn = 0; turn < 100; turn++) {
        if (!pull__make_folders(stage)) return -1;
        int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        if (fd < 0 && errno == ENOENT) continue;
        if (fd < 0) return -1;
        if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
            close(fd);
            errno = EWOULDBLOCK;
            return -1;
        }
        if (stat(path, &by_name) == 0 && fstat(fd, &by_fd) == 0 && by_name.st_ino == by_fd.st_ino)
            return fd;
        close(fd);
    }
    errno = EBUSY;
    return -1;
}

int pull__stage_open(const char *dir, const char *repo, char room[PULL__PATH_SIZE], gte_error *err)
{
    if (!stage_path(dir, repo, room)) {
        gte__fail(err, GTE_E_ARGUMENT, 0, "the path of %.100s is too long", repo);
        return -1;
    }
    int lock = lock_folder(room);
    if (lock >= 0) return lock;
    if (errno == EWOULDBLOCK)
        gte__fail(err, GTE_E_IO, 0, "%.100s is being pulled by another process; wait for it", repo);
    else
        gte__fail(err, GTE_E_IO, 0, "cannot write in %.140s: %s; choose another place with -o", dir,
                  strerror(errno));
    return -1;
}

void pull__stage_close(int lock, const char *stage, bool remove)
{
    char parent[PULL__PATH_SIZE];
    if (remove) {
        walk(stage, true, 1);
        snprintf(parent, sizeof parent, "%s", stage);
        char *slash = strrchr(parent, '/');
        if (slash) *slash = '\0';
        rmdir(parent); /* only if it is empty now */
    }
    close(lock);
}

gte_status pull__stage_discard(const char *dir, const char *repo, gte_error *err)
{
    char stage[PULL__PATH_SIZE];
    if (!stage_path(dir, repo, stage) || access(stage, F_OK) != 0)
        return gte__fail(err, GTE_E_ARGUMENT, 0,
                         "there is no unfinished pull of %.100s; gte list shows what there is",
                         repo);
    int lock = pull__stage_open(dir, repo, stage, err);
    if (lock < 0) return GTE_E_IO;
    pull__stage_close(lock, stage, true);
    return GTE_OK;
}

void pull__stage_each(const char *dir, void (*found)(void *arg, const char *repo, uint64_t bytes),
                      void *arg)
{
    char parent[PULL__PATH_SIZE], path[PULL__PATH_SIZE + 260], repo[256];
    const struct dirent *entry;
    snprintf(parent, sizeof parent, "%.*s/.pull", PULL__PATH_SIZE - 8, dir);
    DIR *stages = opendir(parent);
    if (!stages) return;
    while ((entry = readdir(stages))) {
        const char *dashes = strstr(entry->d_name, "--");
        if (!dashes || skip_entry(entry->d_name)) continue;
        snprintf(repo, sizeof repo, "%.*s/%s", (int)(dashes - entry->d_name), entry->d_name,
                 dashes + 2);
        snprintf(path, sizeof path, "%s/%s", parent, entry->d_name);
        found(arg, repo, walk(path, false, 1));
    }
    closedir(stages);
}
