/* Names and paths of installed models. Opens none of them. */
#include "pull/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_MAX_SIZE 96

bool pull__store_dir(char room[PULL__PATH_SIZE])
{
    const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
    int size = 0;
    /* a relative one is to be ignored, says the specification */
    if (data && *data == '/')
        size = snprintf(room, PULL__PATH_SIZE, "%s/gte/models", data);
    else if (home && *home == '/')
        size = snprintf(room, PULL__PATH_SIZE, "%s/.local/share/gte/models", home);
    return size > 0 && size < PULL__PATH_SIZE;
}

static bool word_ok(const char *word, size_t size)
{
    static const char good[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    if (size == 0 || size > NAME_MAX_SIZE || *word == '.' || *word == '-') return false;
    for (size_t i = 0; i < size; i++)
        if (!memchr(good, word[i], sizeof good - 1)) return false;
    return true;
}

bool pull__name_ok(const char *name)
{
    size_t size = strlen(name);
    return word_ok(name, size) && !(size > 4 && strcmp(name + size - 4, ".gte") == 0);
}

bool pull__repo_ok(const char *repo)
{
    const char *slash = strchr(repo, '/');
    return slash && word_ok(repo, (size_t)(slash - repo)) && word_ok(slash + 1, strlen(slash + 1));
}

bool pull__store_path(const char *dir, const char *name, char room[PULL__PATH_SIZE])
{
    int size = snprintf(room, PULL__PATH_SIZE, "%s/%s.gte", dir, name);
    return size > 0 && size < PULL__PATH_SIZE;
}

const char *pull__store_find(const char *name, char room[PULL__PATH_SIZE])
{
    char dir[PULL__PATH_SIZE];
    bool found = pull__name_ok(name) && pull__store_dir(dir) && pull__store_path(dir, name, room) &&
                 access(room, F_OK) == 0;
    return found ? room : NULL;
}

const char *pull__store_resolve(const char *word, char room[PULL__PATH_SIZE])
{
    struct stat st;
    if (!pull__name_ok(word) || (stat(word, &st) == 0 && !S_ISDIR(st.st_mode))) return word;
    const char *found = pull__store_find(word, room);
    return found || stat(word, &st) != 0 ? found : word;
}

bool pull__make_folders(const char *path)
{
    char room[PULL__PATH_SIZE];
    size_t size = strlen(path);
    if (size == 0 || size >= sizeof room) {
        errno = ENAMETOOLONG;
        return false;
    }
    memcpy(room, path, size + 1);
    for (char *at = room + 1; *at; at++) {
        if (*at != '/') continue;
        *at = '\0';
        if (mkdir(room, 0777) != 0 && errno != EEXIST) return false;
        *at = '/';
    }
    return mkdir(room, 0777) == 0 || errno == EEXIST;
}
