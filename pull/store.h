/* Where installed models lie: one file each, DIR/NAME.gte, with its source in its own description.
 * What an unfinished pull has fetched lies in DIR/.pull/OWNER--NAME. */
#ifndef GTE_PULL_STORE_H
#define GTE_PULL_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pull/pull.h"

/* $XDG_DATA_HOME/gte/models, or the same below ~/.local/share. False: neither variable is of
 * use. */
bool pull__store_dir(char room[PULL__PATH_SIZE]);

/* Letters, digits, '.', '_' and '-', not first a '.', not ending in ".gte": what names a model
 * wherever a file could stand. */
bool pull__name_ok(const char *name);
/* "OWNER/NAME", each such a word. */
bool pull__repo_ok(const char *repo);

/* DIR/NAME.gte; false: too long. */
bool pull__store_path(const char *dir, const char *name, char room[PULL__PATH_SIZE]);

/* The installed model of that name, or NULL. */
const char *pull__store_find(const char *name, char room[PULL__PATH_SIZE]);

/* The file that a word means: an installed model's for a bare word, "gte-small", unless a file is
 * called so (a folder is not: that is where the original may lie); else the word itself. NULL: a
 * bare word, of which there is neither. */
const char *pull__store_resolve(const char *word, char room[PULL__PATH_SIZE]);

/* Makes the folder of an unfinished pull and locks it against other processes; the descriptor, or
 * -1 with *err. Ended by pull__stage_close, which with `remove` removes it and all in it. */
int pull__stage_open(const char *dir, const char *repo, char room[PULL__PATH_SIZE], gte_error *err);
void pull__stage_close(int lock, const char *stage, bool remove);

/* Removes what an unfinished pull of `repo` has left. GTE_E_ARGUMENT: there is nothing. */
gte_status pull__stage_discard(const char *dir, const char *repo, gte_error *err);

/* Tells `found` of each unfinished pull, with the bytes that it holds. */
void pull__stage_each(const char *dir, void (*found)(void *arg, const char *repo, uint64_t bytes),
                      void *arg);

/* mkdir -p. */
bool pull__make_folders(const char *path);

#endif
