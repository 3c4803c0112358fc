/* The labels to choose from where a request names none. */
#ifndef GTE_TASKS_DEFAULT_LABELS_H
#define GTE_TASKS_DEFAULT_LABELS_H

#include "gte_task.h"

typedef struct gte__default_labels {
    const gte_label *labels;
    size_t count;
} gte__default_labels;

/* Of sentiment or classification, in Chinese where the text is, else in English. */
gte__default_labels gte__default_labels_of(gte_task task, const char *text, size_t size);

#endif
