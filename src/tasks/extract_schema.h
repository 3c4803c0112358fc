/* What is looked for where a request has no schema. */
#ifndef GTE_TASKS_EXTRACT_SCHEMA_H
#define GTE_TASKS_EXTRACT_SCHEMA_H

#include "tasks/result.h"

/* Gives the result of ner, relation, event or sentiment the task's own schema unless it has one.
 * Errors: GTE_E_MEMORY. */
gte_status gte__schema_complete(gte_result *result, gte_error *err);

#endif
