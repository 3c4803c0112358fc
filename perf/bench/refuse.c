/* Messages for refuse.h. */
#include "refuse.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

gte_status bench__refuse(gte_error *err, gte_status status, const char *format, ...)
{
    va_list arguments;
    if (!err) return status;
    memset(err, 0, sizeof *err);
    err->status = status;
    va_start(arguments, format);
    vsnprintf(err->message, sizeof err->message, format, arguments);
    va_end(arguments);
    return status;
}
