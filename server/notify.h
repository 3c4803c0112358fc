/* Telling systemd how far the server is, where it asks for it (Type=notify). */
#ifndef SERVER_NOTIFY_H
#define SERVER_NOTIFY_H

/* "READY=1", "STOPPING=1", "RELOADING=1". Does nothing without NOTIFY_SOCKET. */
void server__notify(const char *state);

#endif
