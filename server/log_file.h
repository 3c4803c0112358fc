/* A log file that is renamed before it grows too long or a day too old. One thread at a time. */
#ifndef SERVER_LOG_FILE_H
#define SERVER_LOG_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

typedef struct server__log_file {
    char *path;
    uint64_t most_bytes; /* app.log: 0 for none; else path.1 is the newest of the old ones */
    bool daily;          /* app_json.log: at midnight UTC it becomes path.YYYY-MM-DD */
    int keep;            /* old files */
    int fd;
    uint64_t size;
    time_t day; /* of the first line, in days since 1970 */
} server__log_file;

/* `file` has path (malloc'ed, taken over), most_bytes, daily and keep. False: errno says why. */
bool server__log_file_open(server__log_file *file);
/* A line with its newline, in one write. What cannot be written is lost. */
void server__log_file_write(server__log_file *file, const char *line, size_t size, time_t now);
void server__log_file_reopen(server__log_file *file);
void server__log_file_close(server__log_file *file);

#endif
