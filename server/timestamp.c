/* ISO 8601 with milliseconds. */
#include "server/timestamp.h"

#include <stdio.h>
#include <time.h>

void server__timestamp(char out[SERVER__TIMESTAMP_SIZE])
{
    struct timespec at;
    struct tm parts;
    clock_gettime(CLOCK_REALTIME, &at);
    gmtime_r(&at.tv_sec, &parts);
    size_t used = strftime(out, SERVER__TIMESTAMP_SIZE, "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(out + used, SERVER__TIMESTAMP_SIZE - used, ".%03dZ", (int)(at.tv_nsec / 1000000));
}
