/* Keys, rate limits and origins. */
#include "server/admit.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "server/buckets.h"

#define MOST_KEYS 1024
#define KEY_SIZE 128 /* room for a key; longer ones are refused when the file is read */

/* Padded with NULs to one size, so that the time of a comparison tells nothing of a key. */
typedef struct key {
    unsigned char bytes[KEY_SIZE];
} key;

/* What is read anew as a whole. */
typedef struct rules {
    key *keys;
    size_t count;
    bool wanted; /* keys are asked for */
    char *cors;
    int rate, burst;
} rules;

struct server__admit {
    pthread_rwlock_t lock;
    rules rules;
    server__buckets *buckets;
};

static bool add_key(rules *r, const char *text, size_t size)
{
    if (size >= KEY_SIZE || r->count == MOST_KEYS) return false;
    memset(&r->keys[r->count], 0, sizeof *r->keys);
    memcpy(r->keys[r->count++].bytes, text, size);
    return true;
}

/* One key a line; empty lines and those that begin with # are none. */
static bool read_keys(rules *r, const char *path, char *message, size_t size)
{
    char line[1024];
    FILE *file = fopen(path, "re");
    bool good = true;
    r->wanted = true;
    r->keys = file ? calloc(MOST_KEYS, sizeof *r->keys) : NULL;
    if (!r->keys) {
        snprintf(message, size, "%s: %s", path, strerror(errno));
        if (file) fclose(file);
        return false;
    }
    while (good && fgets(line, sizeof line, file)) {
        char *text = line + strspn(line, " \t\r\n");
        size_t used = strcspn(text, " \t\r\n");
        if (used && *text != '#') good = add_key(r, text, used);
    }
    explicit_bzero(line, sizeof line);
    good = good && !ferror(file);
    fclose(file);
    if (good && r->count) return true;
    snprintf(message, size,
             good ? "%s: no key in it" : "%s: a key of more than 127 bytes, or more than 1024 keys",
             path);
    return false;
}

static void free_rules(rules *r)
{
    if (r->keys) explicit_bzero(r->keys, MOST_KEYS * sizeof *r->keys);
    free(r->keys);
    free(r->cors);
    memset(r, 0, sizeof *r);
}

static bool read_rules(rules *r, const server__settings *settings, char *message, size_t size)
{
    memset(r, 0, sizeof *r);
    r->rate = settings->rate;
    r->burst = settings->rate_burst ? settings->rate_burst : settings->rate;
    if (settings->cors && !(r->cors = strdup(settings->cors))) {
        snprintf(message, size, "out of memory");
        return false;
    }
    if (!settings->api_key_file || read_keys(r, settings->api_key_file, message, size)) return true;
    free_rules(r);
    return false;
}

server__admit *server__admit_create(const server__settings *settings, char *message, size_t size)
{
    server__admit *admit = calloc(1, sizeof *admit);
    if (admit) admit->buckets = server__buckets_create();
    if (!admit || !admit->buckets) {
        snprintf(message, size, "out of memory");
        free(admit);
        return NULL;
    }
    if (!read_rules(&admit->rules, settings, message, size)) {
        server__buckets_free(&admit->buckets);
        free(admit);
        return NULL;
    }
    pthread_rwlock_init(&admit->lock, NULL);
    return admit;
}

void server__admit_free(server__admit **admit)
{
    server__admit *a = *admit;
    if (!a) return;
    *admit = NULL;
    free_rules(&a->rules);
    server__buckets_free(&a->buckets);
    pthread_rwlock_destroy(&a->lock);
    free(a);
}

bool server__admit_reload(server__admit *admit, const server__settings *settings, char *message,
                          size_t size)
{
    rules fresh, old;
    if (!read_rules(&fresh, settings, message, size)) return false;
    pthread_rwlock_wrlock(&admit->lock);
    old = admit->rules;
    admit->rules = fresh;
    pthread_rwlock_unlock(&admit->lock);
    free_rules(&old);
    return true;
}

/* All keys and all bytes are looked at, whatever is found. */
static bool is_known(const rules *r, const char *text)
{
    key asked = {{0}};
    unsigned found = 0;
    size_t size = text ? strlen(text) : 0;
    if (size == 0 || size >= KEY_SIZE) return false;
    memcpy(asked.bytes, text, size);
    for (size_t i = 0; i < r->count; i++) {
        volatile unsigned char different = 0;
        for (size_t k = 0; k < KEY_SIZE; k++)
            different = (unsigned char)(different | (r->keys[i].bytes[k] ^ asked.bytes[k]));
        found |= different == 0;
    }
    return found != 0;
}

static const char *bearer(const char *authorization)
{
    if (!authorization || strncasecmp(authorization, "Bearer ", 7) != 0) return NULL;
    return authorization + 7 + strspn(authorization + 7, " ");
}

server__verdict server__admit_ask(server__admit *admit, const char *authorization,
                                  const char *api_key, const char *address, unsigned *seconds)
{
    server__verdict verdict = SERVER__ADMITTED;
    const char *shown = bearer(authorization);
    pthread_rwlock_rdlock(&admit->lock);
    const rules *r = &admit->rules;
    if (!shown) shown = api_key;
    if (r->wanted && !is_known(r, shown))
        verdict = SERVER__NO_KEY;
    else if (r->rate && !server__buckets_take(admit->buckets, r->wanted ? shown : address, r->rate,
                                              r->burst, server__now(), seconds))
        verdict = SERVER__TOO_MANY;
    pthread_rwlock_unlock(&admit->lock);
    return verdict;
}

const char *server__admit_origin(server__admit *admit, const char *origin, char *room, size_t size)
{
    const char *result = NULL;
    pthread_rwlock_rdlock(&admit->lock);
    const char *rest = admit->rules.cors;
    while (rest && *rest && !result) {
        rest += strspn(rest, ", ");
        size_t length = strcspn(rest, ", ");
        bool any = length == 1 && *rest == '*';
        bool same = length == strlen(origin) && memcmp(rest, origin, length) == 0;
        if ((any || same) && length > 0 && length < size) {
            memcpy(room, rest, length);
            room[length] = '\0';
            result = room;
        }
        rest += length;
    }
    pthread_rwlock_unlock(&admit->lock);
    return result;
}
