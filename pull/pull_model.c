/* pull__model: the steps of one pull, in order. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "convert/convert.h"
#include "pull/answer.h"
#include "pull/fetch.h"
#include "pull/selection.h"
#include "pull/store.h"

/* One pull under way; on the heap, for its lists. */
typedef struct pull {
    pull__session session;
    pull__listing listing;
    pull__selection selection;
    char stage[PULL__PATH_SIZE], url[PULL__URL_SIZE];
    char source[256]; /* "huggingface:OWNER/NAME" */
    const char *name;
} pull;

static void tell(const pull__options *options, const char *line)
{
    if (options->note) options->note(options->arg, line);
}

/* What is installed under the name: another model's file is not replaced. *same: the same model at
 * the same revision, stored the same way. `revision` NULL: not known yet. */
static gte_status look_at_installed(const pull *p, const char *path, const char *revision,
                                    bool *same, gte_error *err)
{
    const pull__options *options = p->session.options;
    gte_model *model = NULL;
    gte_model_info info;
    gte_status status = GTE_OK;
    *same = false;
    if (access(path, F_OK) != 0 || gte_model_open(&model, path, NULL, NULL) != GTE_OK)
        return GTE_OK; /* nothing, or nothing worth keeping */
    const char *source = gte_model_meta(model, "source"), *at = gte_model_meta(model, "revision");
    gte_model_describe(model, &info, sizeof info);
    if (!source || strcmp(source, p->source) != 0)
        status = gte__fail(err, GTE_E_ARGUMENT, 0,
                           "%.60s is installed from %.80s; choose another --name, or gte rm %.60s",
                           p->name, source ? source : "elsewhere", p->name);
    else if (revision && at && pull__is_hex(revision, 40))
        *same = strcmp(at, revision) == 0 &&
                strcmp(info.dtype, options->dtype ? options->dtype : "f32") == 0;
    gte_model_close(&model);
    return status;
}

static gte_status join(const pull *p, const char *name, char *out, gte_error *err)
{
    int size = snprintf(out, PULL__PATH_SIZE, "%s/%s", p->stage, name);
    if (size > 0 && size < PULL__PATH_SIZE) return GTE_OK;
    return gte__fail(err, GTE_E_ARGUMENT, 0, "the path of %.100s is too long", name);
}

static gte_status fetch_listing(pull *p, gte_error *err)
{
    const pull__options *options = p->session.options;
    char path[PULL__PATH_SIZE];
    pull__file any = {.name = "the model", .size = UINT64_MAX};
    gte_status status = join(p, "listing.json", path, err);
    if (status != GTE_OK) return status;
    pull__listing_url(options, p->url);
    status = pull__fetch(&p->session, p->url, path, &any, err);
    if (status == GTE_OK) status = pull__listing_read(options, path, &p->listing, err);
    unlink(path); /* it says what is there now, not later */
    return status;
}

/* Files of an earlier revision must not be taken for this one's. */
static void remove_unselected(const pull *p)
{
    char path[PULL__PATH_SIZE];
    const char *name;
    for (size_t i = 0; (name = pull__known_name(i)); i++) {
        bool selected = false;
        for (size_t k = 0; k < p->selection.count && !selected; k++)
            selected = strcmp(p->selection.files[k]->name, name) == 0;
        if (!selected && join(p, name, path, NULL) == GTE_OK) unlink(path);
    }
}

/* Bytes of a file that are not here yet. */
static uint64_t left_of(const pull *p, const pull__file *file)
{
    char path[PULL__PATH_SIZE], part[PULL__PATH_SIZE + 8];
    struct stat st;
    if (file->size == UINT64_MAX || join(p, file->name, path, NULL) != GTE_OK) return 0;
    snprintf(part, sizeof part, "%s.part", path);
    if (stat(path, &st) != 0 && stat(part, &st) != 0) return file->size;
    uint64_t here = (uint64_t)st.st_size;
    return here < file->size ? file->size - here : 0;
}

/* Before the first large byte: is there room for the files? The converter asks for its own. */
static gte_status check_room(const pull *p, gte_error *err)
{
    const pull__options *options = p->session.options;
    struct statvfs fs;
    uint64_t need = 0;
    for (size_t i = p->selection.first_large; i < p->selection.count; i++)
        need += left_of(p, p->selection.files[i]);
    if (statvfs(p->stage, &fs) != 0) return GTE_OK;
    uint64_t room = (uint64_t)fs.f_bavail * fs.f_frsize;
    if (need <= room) return GTE_OK;
    return gte__fail(
        err, GTE_E_IO, 0,
        "no room in %.100s: %.1f MB are to be fetched, %.1f MB are free; free some, or "
        "choose another place with -o",
        options->dir, (double)need / 1e6, (double)room / 1e6);
}

static gte_status fetch_files(pull *p, size_t from, size_t to, gte_error *err)
{
    const pull__options *options = p->session.options;
    char path[PULL__PATH_SIZE], line[PULL__NAME_SIZE + 32];
    gte_status status = GTE_OK;
    for (size_t i = from; status == GTE_OK && i < to; i++) {
        const pull__file *file = p->selection.files[i];
        p->session.large = i >= p->selection.first_large;
        status = join(p, file->name, path, err);
        if (status != GTE_OK) break;
        if (file->size != UINT64_MAX && file->size > 1000000) {
            snprintf(line, sizeof line, "%s, %.1f MB", file->name, (double)file->size / 1e6);
            tell(options, line);
        }
        pull__file_url(options, p->listing.revision, file->name, p->url);
        status = pull__fetch(&p->session, p->url, path, file, err);
        if (i >= p->selection.first_large && file->size != UINT64_MAX)
            p->session.before += file->size;
    }
    return status;
}

static int convert_cancelled(void *arg)
{
    const pull__options *options = arg;
    return options->cancelled ? options->cancelled(options->arg) : 0;
}

static void convert_progress(void *arg, uint64_t done, uint64_t total)
{
    const pull__options *options = arg;
    if (options->progress) options->progress(options->arg, done, total);
}

static void convert_warning(void *arg, const char *line)
{
    const pull__options *options = arg;
    if (options->warning) options->warning(options->arg, line);
}

static gte_status convert_and_install(const pull *p, const char *path, gte_error *err)
{
    const pull__options *options = p->session.options;
    char date[32];
    struct tm utc;
    time_t now = time(NULL);
    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
    const char *const meta[] = {"source", p->source, "revision", p->listing.revision,
                                "pulled", date,      NULL};
    void *arg = NULL;
    memcpy(&arg, &options, sizeof arg); /* the callbacks above only read it */
    const gte_convert_options convert = {.dtype = options->dtype,
                                         .name = p->name,
                                         .meta = meta,
                                         .progress = convert_progress,
                                         .warning = convert_warning,
                                         .arg = arg,
                                         .cancelled = convert_cancelled};
    tell(options, "converting");
    return gte_convert(p->stage, path, &convert, err);
}

static gte_status run(pull *p, const char *path, bool *unchanged, gte_error *err)
{
    const pull__options *options = p->session.options;
    char folder[PULL__PATH_SIZE];
    gte_status status = fetch_listing(p, err);
    if (status == GTE_OK) status = look_at_installed(p, path, p->listing.revision, unchanged, err);
    if (status != GTE_OK || *unchanged) return status;
    status = pull__select(&p->listing, options->repo, &p->selection, err);
    if (status != GTE_OK) return status;
    for (size_t i = p->selection.first_large; i < p->selection.count; i++)
        if (p->selection.files[i]->size != UINT64_MAX)
            p->session.total += p->selection.files[i]->size;
    remove_unselected(p);
    status = join(p, "1_Pooling", folder, err);
    if (status != GTE_OK) return status;
    if (!pull__make_folders(folder)) return pull__write_failed(options, errno, err);
    status = fetch_files(p, 0, p->selection.first_large, err);
    /* what cannot be run is known from the small files */
    if (status == GTE_OK) status = gte_convert_check(p->stage, err);
    if (status == GTE_OK) status = check_room(p, err);
    if (status == GTE_OK)
        status = fetch_files(p, p->selection.first_large, p->selection.count, err);
    if (status == GTE_OK) status = convert_and_install(p, path, err);
    return status;
}

static gte_status check_options(const pull__options *options, const char *name, gte_error *err)
{
    if (!pull__available())
        return gte__fail(err, GTE_E_UNSUPPORTED, 0,
                         "built without libcurl: install libcurl4-openssl-dev and build again, or "
                         "fetch the model another way and use gte convert");
    if (!pull__repo_ok(options->repo))
        return gte__fail(err, GTE_E_ARGUMENT, 0, "'%.80s' is not of the form OWNER/NAME",
                         options->repo);
    if (!pull__name_ok(name))
        return gte__fail(err, GTE_E_ARGUMENT, 0,
                         "'%.80s' cannot be a model's name: choose letters, digits and ._- with "
                         "--name",
                         name);
    const char *endpoint = pull__endpoint(options);
    if (strncmp(endpoint, "https://", 8) != 0 && strncmp(endpoint, "http://", 7) != 0)
        return gte__fail(err, GTE_E_ARGUMENT, 0,
                         "the hub's address '%.80s' does not begin with https:// or http://",
                         endpoint);
    for (const char *c = options->token; c && *c; c++)
        if (*c <= ' ' || *c > '~' || strlen(options->token) > 512)
            return gte__fail(err, GTE_E_ARGUMENT, 0,
                             "HF_TOKEN is not a token: it holds spaces or other characters");
    return GTE_OK;
}

gte_status pull__model(const pull__options *options, char *path, bool *unchanged, gte_error *err)
{
    const char *slash = strrchr(options->repo, '/');
    const char *name = options->name ? options->name : slash ? slash + 1 : options->repo;
    *unchanged = false;
    gte_status status = check_options(options, name, err);
    if (status != GTE_OK) return status;
    if (!pull__store_path(options->dir, name, path))
        return gte__fail(err, GTE_E_ARGUMENT, 0, "the path of %.100s is too long", name);
    pull *p = calloc(1, sizeof *p);
    if (!p) return gte__fail(err, GTE_E_MEMORY, 0, "out of memory");
    p->session.options = options;
    p->name = name;
    snprintf(p->source, sizeof p->source, "%s:%s", pull__hub_name(options->from), options->repo);
    status = look_at_installed(p, path, NULL, unchanged, err);
    int lock = status == GTE_OK ? pull__stage_open(options->dir, options->repo, p->stage, err) : -1;
    if (status == GTE_OK && lock < 0) status = GTE_E_IO;
    if (lock >= 0) {
        p->session.http = pull__http_open();
        status = p->session.http ? run(p, path, unchanged, err)
                                 : gte__fail(err, GTE_E_MEMORY, 0, "out of memory");
        pull__http_close(p->session.http);
        pull__stage_close(lock, p->stage, status == GTE_OK);
    }
    free(p);
    return status;
}
