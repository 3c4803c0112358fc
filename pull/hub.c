/* Addresses and lists of files of the two hubs. Fetches nothing. */
#include "pull/hub.h"

#include <stdio.h>
#include <string.h>

#include "convert/json.h"
#include "pull/http_get.h"
#include "pull/selection.h"

#define WHAT "the hub's list of files"

const char *pull__hub_name(enum pull__hub hub)
{
    return hub == PULL__HF ? "huggingface" : "modelscope";
}

const char *pull__endpoint(const pull__options *options)
{
    if (options->endpoint) return options->endpoint;
    return options->from == PULL__HF ? PULL__HF_ENDPOINT : PULL__MODELSCOPE_ENDPOINT;
}

static const char *revision_of(const pull__options *options)
{
    if (options->revision) return options->revision;
    return options->from == PULL__HF ? "main" : "master";
}

/* Appends with everything but unreserved characters escaped; '/' stays when `keep_slash`. What does
 * not fit is left out: the hub answers 404. */
static void append_escaped(char *out, const char *text, bool keep_slash)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                "0123456789-._~";
    size_t used = strlen(out);
    for (; *text && used + 4 < PULL__URL_SIZE; text++) {
        bool bare = strchr(plain, *text) || (keep_slash && *text == '/');
        used += (size_t)snprintf(out + used, 4, bare ? "%c" : "%%%02X",
                                 bare ? *text : (unsigned char)*text);
    }
}

static void append(char *out, const char *text)
{
    size_t used = strlen(out);
    snprintf(out + used, PULL__URL_SIZE - used, "%s", text);
}

static void begin(const pull__options *options, char *out, const char *between)
{
    const char *endpoint = pull__endpoint(options);
    size_t size = strlen(endpoint);
    while (size && endpoint[size - 1] == '/') size--;
    snprintf(out, PULL__URL_SIZE, "%.*s%s", (int)size, endpoint, between);
    append_escaped(out, options->repo, true);
}

void pull__listing_url(const pull__options *options, char *out)
{
    if (options->from == PULL__HF) {
        begin(options, out, "/api/models/");
        append(out, "/revision/");
        append_escaped(out, revision_of(options), false);
        append(out, "?blobs=true");
    } else {
        begin(options, out, "/api/v1/models/");
        append(out, "/repo/files?Recursive=true&Revision=");
        append_escaped(out, revision_of(options), false);
    }
}

void pull__file_url(const pull__options *options, const char *revision, const char *name, char *out)
{
    if (options->from == PULL__HF) {
        begin(options, out, "/");
        append(out, "/resolve/");
        append_escaped(out, revision, false);
        append(out, "/");
        append_escaped(out, name, true);
    } else {
        begin(options, out, "/api/v1/models/");
        append(out, "/repo?Revision=");
        append_escaped(out, revision, false);
        append(out, "&FilePath=");
        append_escaped(out, name, false);
    }
}

const pull__file *pull__listing_find(const pull__listing *listing, const char *name)
{
    for (size_t i = 0; i < listing->count; i++)
        if (strcmp(listing->files[i].name, name) == 0) return &listing->files[i];
    return NULL;
}

/* A digest as a hub writes it, if it is one; else "". */
static void take_digest(const char *text, size_t digits, char *out)
{
    bool good = text && pull__is_hex(text, digits);
    memcpy(out, good ? text : "", good ? digits + 1 : 1);
}

/* The names of the two hubs for the same things. */
typedef struct dialect {
    const char *name, *size;
} dialect;

/* {"rfilename", "size", "blobId", "lfs": {"sha256"}}: blobId of a large file is that of its
 * pointer. {"Path", "Type", "Size", "Sha256"} on ModelScope. */
static gte_status read_file(const convert__object *entry, enum pull__hub hub, pull__listing *out,
                            gte_error *err)
{
    static const dialect dialects[] = {{"rfilename", "size"}, {"Path", "Size"}};
    const dialect *words = &dialects[hub];
    const char *name = NULL, *sha256 = NULL, *git_blob = NULL;
    convert__object lfs = {0};
    uint64_t size = UINT64_MAX;
    gte_status status = convert__json_string(entry, words->name, CONVERT__REQUIRED, &name, err);
    if (status != GTE_OK || !pull__may_want(name)) return status;
    if (pull__listing_find(out, name)) return GTE_OK;
    if (out->count == PULL__FILES_MAX)
        return gte__fail(err, GTE_E_FORMAT, 0, WHAT ": more than %d files of weights",
                         PULL__FILES_MAX);
    status = convert__json_uint(entry, words->size, CONVERT__OPTIONAL, 0, INT64_MAX, &size, err);
    if (status == GTE_OK && hub == PULL__HF) {
        status = convert__json_object(entry, "lfs", CONVERT__OPTIONAL, "lfs.", &lfs, err);
        if (status == GTE_OK && lfs.json)
            status = convert__json_string(&lfs, "sha256", CONVERT__OPTIONAL, &sha256, err);
        else if (status == GTE_OK)
            status = convert__json_string(entry, "blobId", CONVERT__OPTIONAL, &git_blob, err);
    } else if (status == GTE_OK) {
        status = convert__json_string(entry, "Sha256", CONVERT__OPTIONAL, &sha256, err);
    }
    if (status != GTE_OK) return status;
    pull__file *file = &out->files[out->count++];
    *file = (pull__file){.size = size};
    snprintf(file->name, sizeof file->name, "%s", name);
    take_digest(sha256, PULL__SHA256_SIZE - 1, file->sha256);
    take_digest(git_blob, PULL__SHA1_SIZE - 1, file->git_blob);
    return GTE_OK;
}

/* ModelScope tells failures also in answers of status 200. */
static gte_status modelscope_data(const pull__options *options, const convert__object *object,
                                  convert__object *data, gte_error *err)
{
    const char *message = "no reason given";
    gte_status status = convert__json_object(object, "Data", CONVERT__OPTIONAL, "Data.", data, err);
    if (status != GTE_OK || data->json) return status;
    status = convert__json_string(object, "Message", CONVERT__OPTIONAL, &message, err);
    if (status != GTE_OK) return status;
    return gte__fail(err, GTE_E_IO, 0,
                     "%.80s: the hub says \"%.80s\"; check OWNER/NAME and "
                     "--revision",
                     options->repo, message);
}

static gte_status read_all(const pull__options *options, const json_t *root, pull__listing *out,
                           gte_error *err)
{
    convert__object object = {WHAT, "", root}, data = object;
    const char *commit = revision_of(options);
    const json_t *entries = NULL, *entry;
    size_t i;
    gte_status status = GTE_OK;
    bool hf = options->from == PULL__HF;
    if (hf)
        status = convert__json_string(&object, "sha", CONVERT__OPTIONAL, &commit, err);
    else
        status = modelscope_data(options, &object, &data, err);
    if (status == GTE_OK)
        status =
            convert__json_array(&data, hf ? "siblings" : "Files", CONVERT__REQUIRED, &entries, err);
    if (status != GTE_OK) return status;
    snprintf(out->revision, sizeof out->revision, "%s", commit);
    json_array_foreach(entries, i, entry)
    {
        const convert__object one = {WHAT, hf ? "siblings[]." : "Data.Files[].", entry};
        if (!json_is_object(entry))
            return gte__fail(err, GTE_E_FORMAT, 0, WHAT ": expected objects, found something else");
        status = read_file(&one, options->from, out, err);
        if (status != GTE_OK) return status;
    }
    return GTE_OK;
}

gte_status pull__listing_read(const pull__options *options, const char *path, pull__listing *out,
                              gte_error *err)
{
    static const gte_convert_options quiet;
    char dir[PULL__PATH_SIZE];
    json_t *root = NULL;
    *out = (pull__listing){0};
    snprintf(dir, sizeof dir, "%s", path);
    char *slash = strrchr(dir, '/');
    if (!slash) return gte__fail(err, GTE_E_ARGUMENT, 0, "%.100s: no folder", path);
    *slash = '\0';
    const convert__source source = {dir, &quiet};
    gte_status status = convert__json_load(&root, &source, slash + 1, 0, NULL, err);
    if (status == GTE_OK) status = read_all(options, root, out, err);
    json_decref(root);
    return status;
}
