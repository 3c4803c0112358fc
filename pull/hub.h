/* What a hub says of a model: which files there are, how large, with which digests, and where each
 * is. HuggingFace's and ModelScope's ways differ here and nowhere else. */
#ifndef GTE_PULL_HUB_H
#define GTE_PULL_HUB_H

#include <stddef.h>
#include <stdint.h>

#include "pull/digest.h"
#include "pull/pull.h"

#define PULL__NAME_SIZE 128 /* of a file in the model's directory */
#define PULL__REVISION_SIZE 128
#define PULL__FILES_MAX 128

typedef struct pull__file {
    char name[PULL__NAME_SIZE];     /* "1_Pooling/config.json" */
    uint64_t size;                  /* UINT64_MAX: not said */
    char sha256[PULL__SHA256_SIZE]; /* "": not said */
    char git_blob[PULL__SHA1_SIZE]; /* "": not said */
} pull__file;

/* Of all files only those that a converter may want (pull__may_want). */
typedef struct pull__listing {
    pull__file files[PULL__FILES_MAX];
    size_t count;
    char revision[PULL__REVISION_SIZE]; /* the commit, where the hub names it; else as asked */
} pull__listing;

const char *pull__endpoint(const pull__options *options);
/* "huggingface" or "modelscope": how messages and files call it. */
const char *pull__hub_name(enum pull__hub hub);

/* The address of the list, and of a file. `out` has PULL__URL_SIZE bytes. */
void pull__listing_url(const pull__options *options, char *out);
void pull__file_url(const pull__options *options, const char *revision, const char *name,
                    char *out);

/* Reads the list, a file, into *out. Errors: GTE_E_FORMAT, GTE_E_IO, GTE_E_MEMORY. */
gte_status pull__listing_read(const pull__options *options, const char *path, pull__listing *out,
                              gte_error *err);

const pull__file *pull__listing_find(const pull__listing *listing, const char *name);

#endif
