/* Looks for one file in the model directory by device and inode, which links do not change. Does
 * not know which of the files a conversion reads: none of them should be lost. */
#include "convert/own_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "model/format.h"

#define DEPTH 2 /* folders within folders: modules lie in one of the directory */

static bool same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Takes `fd`, an open directory or -1; what cannot be read holds nothing. */
static bool directory_has(int fd, const struct stat *wanted, unsigned depth)
{
    struct stat st;
    const struct dirent *entry;
    bool found = false;
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (!dir) {
        if (fd >= 0) close(fd);
        return false;
    }
    while (!found && (entry = readdir(dir))) {
        const char *name = entry->d_name;
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) continue;
        if (fstatat(fd, name, &st, 0) != 0) continue;
        if (S_ISDIR(st.st_mode) && depth > 0)
            found = directory_has(openat(fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC), wanted,
                                  depth - 1);
        else
            found = same_file(&st, wanted);
    }
    closedir(dir);
    return found;
}

static bool is_model_file(const char *path)
{
    char magic[sizeof GTE__MAGIC - 1];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    bool is = fd >= 0 && read(fd, magic, sizeof magic) == (ssize_t)sizeof magic &&
              memcmp(magic, GTE__MAGIC, sizeof magic) == 0;
    if (fd >= 0) close(fd);
    return is;
}

bool convert__is_own_file(const char *dir, const char *path)
{
    struct stat wanted;
    if (stat(path, &wanted) != 0 || !S_ISREG(wanted.st_mode) || is_model_file(path)) return false;
    return directory_has(open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), &wanted, DEPTH);
}
