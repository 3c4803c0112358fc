/* One file, as often as it takes. The token goes to the hub's own origin and nowhere else. */
#include "pull/fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pull/answer.h"

#define REDIRECTS_MAX 8
#define UNSIZED_MAX (64u << 20) /* bytes of a file whose size nobody said: lists, small texts */

/* One file under way. */
typedef struct transfer {
    pull__session *session;
    pull__file expected; /* the caller's, and what answers add to it */
    const char *path;
    char part[PULL__PATH_SIZE + 8], etag_path[PULL__PATH_SIZE + 16];
    char etag[PULL__ETAG_SIZE]; /* of what is in the part; "": not known */
    int fd;
    uint64_t size; /* of the part */
    int error;     /* errno of a failed write */
    bool too_long;
} transfer;

static bool is_checkable(const pull__file *file)
{
    return *file->sha256 || *file->git_blob;
}

static bool is_cancelled(void *arg)
{
    const transfer *t = arg;
    const pull__options *options = t->session->options;
    return options->cancelled && options->cancelled(options->arg);
}

/* "https://host:port" of an address: its length. */
static size_t origin_size(const char *url)
{
    const char *host = strstr(url, "://");
    return host ? (size_t)(host - url) + 3 + strcspn(host + 3, "/?#") : 0;
}

static bool same_origin(const char *a, const char *b)
{
    size_t n = origin_size(a);
    return n > 0 && n == origin_size(b) && strncmp(a, b, n) == 0;
}

/* ---- the part ------------------------------------------------------------------------------- */

static void read_etag(transfer *t)
{
    FILE *file = fopen(t->etag_path, "re");
    t->etag[0] = '\0';
    if (!file) return;
    if (!fgets(t->etag, sizeof t->etag, file)) t->etag[0] = '\0';
    t->etag[strcspn(t->etag, "\r\n")] = '\0';
    fclose(file);
}

/* Best effort: without it the digest at the end tells. */
static void write_etag(transfer *t, const char *etag)
{
    snprintf(t->etag, sizeof t->etag, "%s", etag);
    FILE *file = fopen(t->etag_path, "we");
    if (!file) return;
    fprintf(file, "%s\n", etag);
    fclose(file);
}

static gte_status open_part(transfer *t, gte_error *err)
{
    struct stat st;
    t->fd = open(t->part, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (t->fd < 0 || fstat(t->fd, &st) != 0)
        return pull__write_failed(t->session->options, errno, err);
    t->size = (uint64_t)st.st_size;
    read_etag(t);
    return GTE_OK;
}

static bool begin_anew(transfer *t)
{
    t->size = 0;
    t->etag[0] = '\0';
    unlink(t->etag_path);
    if (ftruncate(t->fd, 0) == 0) return true;
    t->error = errno;
    return false;
}

static void show(const transfer *t)
{
    const pull__session *session = t->session;
    if (session->options->progress && session->large)
        session->options->progress(session->options->arg, session->before + t->size,
                                   session->total);
}

static bool on_body(void *arg, const pull__response *response, const void *data, size_t size)
{
    transfer *t = arg;
    const char *at = data;
    if (strcmp(t->etag, response->etag) != 0) write_etag(t, response->etag);
    uint64_t limit = t->expected.size == UINT64_MAX ? UNSIZED_MAX : t->expected.size;
    if (size > limit - t->size) {
        t->too_long = true;
        return false;
    }
    while (size) {
        ssize_t n = write(t->fd, at, size);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) {
            t->error = errno;
            return false;
        }
        at += n;
        size -= (size_t)n;
        t->size += (uint64_t)n;
    }
    show(t);
    return true;
}

/* The first piece of an answer: does it go on where the part ends? */
static bool on_first(void *arg, const pull__response *response, const void *data, size_t size)
{
    transfer *t = arg;
    if (response->status == 200 && t->size > 0 && t->fd >= 0) {
        if (!begin_anew(t)) return false; /* the whole file: it changed, or there are no ranges */
    }
    if (response->status == 206 && response->range_start != t->size) {
        if (response->range_start != 0 || !begin_anew(t)) return false;
    }
    return on_body(t, response, data, size);
}

/* ---- one attempt ---------------------------------------------------------------------------- */

typedef struct attempt {
    transfer *t;
    bool begun;
} attempt;

static bool attempt_body(void *arg, const pull__response *response, const void *data, size_t size)
{
    attempt *a = arg;
    bool first = !a->begun;
    a->begun = true;
    return first ? on_first(a->t, response, data, size) : on_body(a->t, response, data, size);
}

static bool attempt_cancelled(void *arg)
{
    return is_cancelled(((attempt *)arg)->t);
}

/* What an answer says of the file itself: on HuggingFace the redirect to the CDN does. A digest
 * that the list of files gave is not replaced. */
static void learn(transfer *t, const pull__response *response, bool own)
{
    char bare[PULL__ETAG_SIZE];
    const char *etag = *response->linked_etag ? response->linked_etag : own ? response->etag : "";
    if (t->session->options->from != PULL__HF) return;
    if (strncmp(etag, "W/", 2) == 0) etag += 2;
    etag += *etag == '"';
    snprintf(bare, sizeof bare, "%.*s", (int)strcspn(etag, "\""), etag);
    if (response->linked_size != UINT64_MAX && t->expected.size == UINT64_MAX)
        t->expected.size = response->linked_size;
    if (is_checkable(&t->expected)) return;
    if (pull__is_hex(bare, PULL__SHA256_SIZE - 1) && *response->linked_etag)
        memcpy(t->expected.sha256, bare, PULL__SHA256_SIZE);
    else if (pull__is_hex(bare, PULL__SHA1_SIZE - 1))
        memcpy(t->expected.git_blob, bare, PULL__SHA1_SIZE);
}

static enum pull__outcome request_once(transfer *t, const char *url, pull__response *response,
                                       char *why)
{
    const pull__options *options = t->session->options;
    char at[PULL__URL_SIZE];
    attempt a = {t, false};
    snprintf(at, sizeof at, "%s", url);
    for (int hops = 0; hops < REDIRECTS_MAX; hops++) {
        bool own = same_origin(at, pull__endpoint(options));
        const pull__request request = {.url = at,
                                       .token = own ? options->token : NULL,
                                       .offset = t->size,
                                       .if_range = strncmp(t->etag, "W/", 2) == 0 ? "" : t->etag,
                                       .timeout = options->timeout,
                                       .body = attempt_body,
                                       .cancelled = attempt_cancelled,
                                       .arg = &a};
        enum pull__outcome outcome = pull__http_get(t->session->http, &request, response, why);
        if (outcome == PULL__ANSWERED || a.begun) learn(t, response, own);
        if (outcome != PULL__ANSWERED || !*response->location) return outcome;
        if (strncmp(at, "https:", 6) == 0 && strncmp(response->location, "https:", 6) != 0) {
            snprintf(why, PULL__WHY_SIZE, "it redirects from https to something less");
            return PULL__HOPELESS;
        }
        memcpy(at, response->location, sizeof at);
    }
    snprintf(why, PULL__WHY_SIZE, "it redirects in circles");
    return PULL__HOPELESS;
}

/* ---- the whole file ------------------------------------------------------------------------- */

static gte_status check(transfer *t, const char *path, gte_error *err)
{
    char sha256[PULL__SHA256_SIZE], git_blob[PULL__SHA1_SIZE];
    const pull__file *want = &t->expected;
    struct stat st;
    if (stat(path, &st) != 0)
        return gte__fail(err, GTE_E_IO, 0, "%.120s: %s", path, strerror(errno));
    if (want->size != UINT64_MAX && (uint64_t)st.st_size != want->size)
        return gte__fail(err, GTE_E_CHECKSUM, 0,
                         "%.60s has %llu bytes, not the %llu that the hub says; nothing of it is "
                         "kept: run it again, and if it stays so choose another --revision",
                         want->name, (unsigned long long)st.st_size,
                         (unsigned long long)want->size);
    if (!is_checkable(want)) return GTE_OK;
    gte_status status = pull__digest_file(path, *want->sha256 ? sha256 : NULL,
                                          *want->git_blob ? git_blob : NULL, is_cancelled, t, err);
    if (status != GTE_OK) return status;
    if ((*want->sha256 && strcmp(sha256, want->sha256) != 0) ||
        (*want->git_blob && strcmp(git_blob, want->git_blob) != 0))
        return gte__fail(err, GTE_E_CHECKSUM, 0,
                         "%.60s does not have the digest that the hub says; nothing of it is kept: "
                         "run it again, and if it stays so what lies between damages it",
                         want->name);
    return GTE_OK;
}

/* One attempt and what follows from it. *done: the part is complete. *failures counts attempts in
 * a row without a byte. */
static gte_status attempt_once(transfer *t, const char *url, unsigned *failures, bool *done,
                               gte_error *err)
{
    const pull__options *options = t->session->options;
    pull__response *response = &t->session->response;
    char why[PULL__WHY_SIZE];
    uint64_t before = t->size;
    int asked_to_wait = 0;
    enum pull__outcome outcome = request_once(t, url, response, why);
    if (is_cancelled(t)) return gte__fail(err, GTE_E_CANCELLED, 0, "cancelled");
    if (t->error) return pull__write_failed(options, t->error, err);
    if (t->too_long) {
        *done = true; /* the check of the size refuses it */
        return GTE_OK;
    }
    if (outcome == PULL__HOPELESS)
        return gte__fail(err, GTE_E_IO, 0, "%.80s: %s; check the address and the proxy",
                         pull__endpoint(options), why);
    if (outcome == PULL__ANSWERED) {
        bool whole = response->status == 200 || response->status == 206;
        *done = whole; /* a whole answer that is too short is no cut: the check refuses it */
        if (*done) return GTE_OK;
        if (response->status == 416) { /* what is there does not fit what is offered */
            if (!begin_anew(t)) return pull__write_failed(options, t->error, err);
            before = 0;
        } else if (!whole && !pull__worth_retrying(response->status)) {
            return pull__refused(options, t->expected.name, response, err);
        }
        asked_to_wait = response->retry_after;
        snprintf(why, sizeof why, "the connection was cut");
    }
    *failures = t->size > before ? 0 : *failures + 1;
    if (*failures > options->retries || asked_to_wait > PULL__WAIT_MAX) {
        if (response->status >= 400) return pull__refused(options, t->expected.name, response, err);
        return gte__fail(err, GTE_E_IO, 0,
                         "%.60s: %.100s; run it again: it goes on where it stopped",
                         t->expected.name, why);
    }
    /* without a digest nobody could tell whether two halves belong together */
    if (!is_checkable(&t->expected) && !begin_anew(t))
        return pull__write_failed(options, t->error, err);
    return pull__wait(options, asked_to_wait, *failures, err);
}

static gte_status fetch_part(transfer *t, const char *url, gte_error *err)
{
    unsigned failures = 0;
    bool done = t->expected.size != UINT64_MAX && t->size == t->expected.size && t->size > 0;
    gte_status status = GTE_OK;
    while (status == GTE_OK && !done) status = attempt_once(t, url, &failures, &done, err);
    return status;
}

/* Fetches until the part is complete and right. A wrong one that was put together over several
 * connections gets one more chance from its beginning. */
static gte_status fetch_checked(transfer *t, const char *url, gte_error *err)
{
    for (int turn = 0;; turn++) {
        bool resumed = t->size > 0;
        gte_status status = fetch_part(t, url, err);
        if (status == GTE_OK && fsync(t->fd) != 0)
            return pull__write_failed(t->session->options, errno, err);
        if (status == GTE_OK) status = t->too_long ? GTE_E_CHECKSUM : check(t, t->part, err);
        if (status != GTE_E_CHECKSUM) return status;
        if (!begin_anew(t)) return pull__write_failed(t->session->options, t->error, err);
        if (!resumed || turn > 0) {
            unlink(t->part);
            if (!t->too_long) return status;
            return gte__fail(err, status, 0,
                             "%.60s is longer than the hub says; nothing of it is kept: run it "
                             "again, and if it stays so choose another --revision",
                             t->expected.name);
        }
        t->too_long = false;
    }
}

gte_status pull__fetch(pull__session *session, const char *url, const char *path,
                       const pull__file *expected, gte_error *err)
{
    transfer t = {.session = session, .expected = *expected, .path = path, .fd = -1};
    bool checkable = is_checkable(expected);
    gte_status status;
    snprintf(t.part, sizeof t.part, "%s.part", path);
    snprintf(t.etag_path, sizeof t.etag_path, "%s.part.etag", path);
    if (checkable && access(path, R_OK) == 0) {
        status = check(&t, path, err);
        if (status == GTE_OK || status == GTE_E_CANCELLED) return status;
    }
    unlink(path);
    status = open_part(&t, err);
    if (status == GTE_OK && t.size > expected->size && !begin_anew(&t))
        status = pull__write_failed(session->options, t.error, err);
    if (status == GTE_OK && !checkable && t.size && !begin_anew(&t))
        status = pull__write_failed(session->options, t.error, err);
    if (status == GTE_OK) status = fetch_checked(&t, url, err);
    if (status == GTE_OK && rename(t.part, path) != 0)
        status = pull__write_failed(session->options, errno, err);
    if (t.fd >= 0) close(t.fd);
    if (status == GTE_OK) unlink(t.etag_path);
    return status;
}
