/* Failing, in one line: `return gte__fail(err, GTE_E_FORMAT, offset, "...", ...)`. */
#ifndef GTE_BASE_STATUS_H
#define GTE_BASE_STATUS_H

#include "gte.h"

#if defined(__GNUC__)
#define GTE__PRINTF(f, a) __attribute__((format(printf, f, a)))
#else
#define GTE__PRINTF(f, a)
#endif

/* Fills *err (when not NULL) and returns `status`, so that callers can return it on. Control
 * characters in the message are replaced by '?': names from a file may carry anything. */
gte_status gte__fail(gte_error *err, gte_status status, uint64_t offset, const char *format, ...)
    GTE__PRINTF(4, 5);

/* Marks *err (when not NULL) as GTE_OK and returns GTE_OK. */
gte_status gte__ok(gte_error *err);

#endif
