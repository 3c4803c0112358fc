/* ISO 8601 with milliseconds. */
#include "server/timestamp.h"

#include <string.h>
#include <time.h>

void server__timestamp(char out[SERVER__TIMESTAMP_SIZE])
{
    /* all but the milliseconds, of the last second in which this thread was asked */
    static _Thread_local time_t second = -1;
    static _Thread_local char text[SERVER__TIMESTAMP_SIZE];
    struct timespec at;
    clock_gettime(CLOCK_REALTIME, &at);
    if (at.tv_sec != second) {
        struct tm parts;
        gmtime_r(&at.tv_sec, &parts);
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S.000Z", &parts);
        second = at.tv_sec;
    }
    memcpy(out, text, sizeof text);
    const size_t end = strlen(out); /* years may have five digits */
    unsigned milliseconds = (unsigned)(at.tv_nsec / 1000000);
    for (size_t i = end - 2; i > end - 5; i--, milliseconds /= 10)
        out[i] = (char)('0' + milliseconds % 10);
}
