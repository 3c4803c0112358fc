/* Files that rotate: by size, or by day. */
#include "server/log_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DAY = 86400, PATH_ROOM = 4096 };

bool server__log_file_open(server__log_file *file)
{
    struct stat about;
    file->fd = open(file->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (file->fd < 0) return false;
    const bool known = fstat(file->fd, &about) == 0;
    file->size = known ? (uint64_t)about.st_size : 0;
    file->day = (known && about.st_size ? about.st_mtime : time(NULL)) / DAY;
    return true;
}

/* path.1 .. path.keep: each becomes the next, the last is gone. */
static void rotate_by_size(const server__log_file *file)
{
    char from[PATH_ROOM], to[PATH_ROOM];
    for (int i = file->keep - 1; i >= 0; i--) {
        int n = i ? snprintf(from, sizeof from, "%s.%d", file->path, i)
                  : snprintf(from, sizeof from, "%s", file->path);
        int m = snprintf(to, sizeof to, "%s.%d", file->path, i + 1);
        if (n < PATH_ROOM && m < PATH_ROOM) (void)rename(from, to);
    }
}

/* Removes days before the `keep` last ones; their names sort by date. */
static void remove_old_days(const server__log_file *file)
{
    char path[PATH_ROOM], oldest[PATH_ROOM] = "";
    const char *slash = strrchr(file->path, '/'), *base = slash ? slash + 1 : file->path;
    const size_t base_size = strlen(base), folder_size = (size_t)(base - file->path);
    if (folder_size + 2 > sizeof path) return;
    snprintf(path, sizeof path, "%.*s", (int)folder_size, slash ? file->path : "./");
    int found = 0;
    DIR *dir = opendir(path[0] ? path : ".");
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        if (strncmp(entry->d_name, base, base_size) != 0 || entry->d_name[base_size] != '.' ||
            strlen(entry->d_name) != base_size + 11)
            continue;
        found++;
        if (!oldest[0] || strcmp(entry->d_name, oldest) < 0)
            snprintf(oldest, sizeof oldest, "%s", entry->d_name);
    }
    if (dir) closedir(dir);
    if (found <= file->keep) return;
    int n = snprintf(path, sizeof path, "%.*s%s", (int)folder_size, file->path, oldest);
    if (n < PATH_ROOM) (void)unlink(path);
}

static void rotate_by_day(const server__log_file *file)
{
    char to[PATH_ROOM];
    struct tm parts;
    const time_t at = file->day * DAY;
    gmtime_r(&at, &parts);
    int n = snprintf(to, sizeof to, "%s.%04d-%02d-%02d", file->path, parts.tm_year + 1900,
                     parts.tm_mon + 1, parts.tm_mday);
    if (n < PATH_ROOM) (void)rename(file->path, to);
    remove_old_days(file);
}

void server__log_file_write(server__log_file *file, const char *line, size_t size, time_t now)
{
    const bool old = file->daily && now / DAY != file->day;
    if (file->size && (old || (file->most_bytes && file->size + size > file->most_bytes))) {
        if (file->fd >= 0) close(file->fd);
        if (old)
            rotate_by_day(file);
        else
            rotate_by_size(file);
        server__log_file_open(file);
    }
    if (!file->size) file->day = now / DAY;
    if (file->fd >= 0 && write(file->fd, line, size) == (ssize_t)size) file->size += size;
}

void server__log_file_reopen(server__log_file *file)
{
    if (file->fd >= 0) close(file->fd);
    server__log_file_open(file);
}

void server__log_file_close(server__log_file *file)
{
    if (file->path && file->fd >= 0) close(file->fd);
    free(file->path);
    *file = (server__log_file){.fd = -1};
}
