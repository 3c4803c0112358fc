/* One row per setting; settings.c reads by it. */
#ifndef SERVER_SETTINGS_TABLE_H
#define SERVER_SETTINGS_TABLE_H

#include "server/settings.h"

typedef enum server__setting_kind {
    SERVER__TEXT,   /* const char * */
    SERVER__NUMBER, /* int within min..max */
    SERVER__SWITCH, /* int: 0 or 1, written on or off */
    SERVER__LIST    /* server__list: several options or lines; in a variable, by commas */
} server__setting_kind;

typedef struct server__setting {
    const char *name; /* "max-body": --max-body, and the key in a file */
    char letter;
    server__setting_kind kind;
    const char *value;    /* what the help calls it */
    const char *variable; /* of the environment */
    size_t offset;
    int min, max;
    const char *standard; /* as text; NULL: none */
    const char *group;    /* heading before this row in the help, or NULL */
    const char *help;
} server__setting;

/* Ends with a row whose name is NULL. */
extern const server__setting server__setting_table[];

#endif
