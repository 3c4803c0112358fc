/* The place of a cache file: its absolute name, which file stands there now, and taking a damaged
 * one away. Knows nothing of what is in it. */
#ifndef GTE_CACHE_FILE_PLACE_H
#define GTE_CACHE_FILE_PLACE_H

#include <stdbool.h>
#include <sys/stat.h>

enum { CACHE_PATH_SIZE = 4096, CACHE_NAME_SIZE = CACHE_PATH_SIZE + 16 };

/* Which file it is, by device and inode; all zero: none. */
typedef struct cache__file_id {
    dev_t device;
    ino_t inode;
} cache__file_id;

/* An absolute name, so that chdir changes nothing. False: too long, or its folder is not there. */
bool cache__place_name(const char *path, char out[CACHE_PATH_SIZE]);

/* What stands at the name now: 1 a regular file, 0 nothing, -1 something else (errno tells). */
int cache__place_look(const char *path, cache__file_id *out);
bool cache__place_same(const cache__file_id *a, const cache__file_id *b);

/* Nothing can be made beside the file by this process, and no log stands there: a file system that
 * is only read, or a folder of somebody else's. */
bool cache__place_is_still(const char *path);

/* One process at a time makes or takes away the file: a lock on its folder, for which no other file
 * is needed. Waits up to a second; a descriptor, or -1 where it cannot be had. */
int cache__place_lock(const char *path);
void cache__place_unlock(int lock);

/* An empty file of mode 0600 where nothing stands, and nothing of an earlier one beside it. False:
 * errno tells. Under the lock. */
bool cache__place_make(const char *path);

/* Renames the file with that identity, and its log, to path.corrupt; one is kept. False when it
 * could not be. Under the lock; nothing of this process may have the file open. */
bool cache__place_set_aside(const char *path, const cache__file_id *id);

#endif
