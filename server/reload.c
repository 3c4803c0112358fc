/* What SIGHUP does. First all that can fail is read, then it is put in place. */
#include "server/reload.h"

#include <string.h>

#include "server/settings_table.h"
#include "server/tls.h"

/* Text settings that are read anew; numbers are those of limits.h. */
static bool is_read_anew(const server__setting *row)
{
    static const size_t texts[] = {
        offsetof(server__settings, api_key_file), offsetof(server__settings, cors),
        offsetof(server__settings, labels),       offsetof(server__settings, tls_cert),
        offsetof(server__settings, tls_key),      offsetof(server__settings, log_level)};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (texts[i] == row->offset) return true;
    return false;
}

static bool is_same_list(const server__list *a, const server__list *b)
{
    if (a->count != b->count) return false;
    for (size_t i = 0; i < a->count; i++)
        if (a->items[i].size != b->items[i].size ||
            memcmp(a->items[i].data, b->items[i].data, a->items[i].size) != 0)
            return false;
    return true;
}

static bool is_same(const server__setting *row, const server__settings *a,
                    const server__settings *b)
{
    const char *at_a = (const char *)a + row->offset, *at_b = (const char *)b + row->offset;
    if (row->kind == SERVER__LIST) return is_same_list((const void *)at_a, (const void *)at_b);
    if (row->kind != SERVER__TEXT) return memcmp(at_a, at_b, sizeof(int)) == 0;
    const char *text_a, *text_b;
    memcpy(&text_a, at_a, sizeof text_a);
    memcpy(&text_b, at_b, sizeof text_b);
    return text_a && text_b ? strcmp(text_a, text_b) == 0 : text_a == text_b;
}

/* What is other than before, and what would be if it were not read at the start only. */
static void tell(server__service *service, const server__settings *fresh)
{
    for (const server__setting *row = server__setting_table; row->name; row++) {
        const atomic_int *limit = server__limit_at(&service->limits, row->offset);
        if (limit) {
            int value;
            memcpy(&value, (const char *)fresh + row->offset, sizeof value);
            if (value != atomic_load(limit))
                server__log_line(service->log, SERVER__INFO, "%s: %d, was %d", row->name, value,
                                 atomic_load(limit));
        } else if (!is_read_anew(row) && !is_same(row, fresh, &service->settings)) {
            server__log_line(service->log, SERVER__WARNING, "%s is read at the start only",
                             row->name);
        }
    }
}

static void use_pair(server__service *service, server__pair *pair)
{
    char term[64];
    snprintf(term, sizeof term, "%s", server__pair_term(pair));
    if (server__tls_use(pair))
        server__log_line(service->log, SERVER__INFO, "the certificate is valid %s", term);
    else
        server__log_line(service->log, SERVER__WARNING,
                         "the certificate is read at the start only: built without GnuTLS");
}

static bool apply(server__service *service, const server__settings *fresh, char *message,
                  size_t size)
{
    server__pair *pair = NULL;
    const bool tls = service->settings.tls_cert && fresh->tls_cert;
    server__label_sets *sets = server__label_sets_read(fresh->labels, message, size);
    if (!sets) return false;
    if (tls) pair = server__pair_read(fresh->tls_cert, fresh->tls_key, message, size);
    if ((tls && !pair) || !server__admit_reload(service->admit, fresh, message, size)) {
        server__label_sets_drop(&sets);
        server__pair_free(&pair);
        return false;
    }
    if (pair) use_pair(service, pair);
    if (!service->settings.tls_cert != !fresh->tls_cert)
        server__log_line(service->log, SERVER__WARNING, "TLS is begun or ended at the start only");
    server__log_level(service->log, fresh->log_level);
    server__labels_install(service->labels, sets);
    tell(service, fresh);
    server__limits_set(&service->limits, fresh);
    for (size_t i = 0; i < service->models.file_count; i++)
        server__batcher_limit(service->models.files[i]->batcher, (size_t)fresh->queue_items,
                              (size_t)fresh->queue_tokens, fresh->queue_seconds);
    return true;
}

void server__reload(server__service *service)
{
    char message[512];
    server__settings fresh;
    if (!server__settings_reread(&fresh, &service->settings, message, sizeof message)) {
        server__log_line(service->log, SERVER__ERROR, "not reloaded: %s", message);
        return;
    }
    if (apply(service, &fresh, message, sizeof message))
        server__log_line(service->log, SERVER__INFO, "reloaded keys, origins, limits and labels");
    else
        server__log_line(service->log, SERVER__ERROR, "not reloaded: %s", message);
    server__settings_free(&fresh);
}
