/* What makes a gte-server one whose allocations fail on command: before main() runs, the state of
 * failing.c moves to the file that GTE_FAILING names, which tests/server/test_oom.py writes. Calls
 * of libraries that allocate fail, too, as they do without memory. */
#include <fcntl.h>
#include <jansson.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "failing.h"

__attribute__((constructor)) static void share(void)
{
    const char *path = getenv("GTE_FAILING");
    const int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    void *memory = MAP_FAILED;
    if (fd >= 0)
        memory = mmap(NULL, sizeof(failing_state), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED) {
        fputs("oom_server: GTE_FAILING names no file to share\n", stderr);
        _exit(2);
    }
    close(fd);
    failing_share(memory);
}

/* Names by the linker, as in failing.c. */
struct MHD_Response *__real_MHD_create_response_from_buffer(size_t size, void *data,
                                                            enum MHD_ResponseMemoryMode mode);
struct MHD_Response *__wrap_MHD_create_response_from_buffer(size_t size, void *data,
                                                            enum MHD_ResponseMemoryMode mode);
struct MHD_Response *__wrap_MHD_create_response_from_buffer(size_t size, void *data,
                                                            enum MHD_ResponseMemoryMode mode)
{
    return failing_fails() ? NULL : __real_MHD_create_response_from_buffer(size, data, mode);
}

enum MHD_Result __real_MHD_add_response_header(struct MHD_Response *response, const char *name,
                                               const char *value);
enum MHD_Result __wrap_MHD_add_response_header(struct MHD_Response *response, const char *name,
                                               const char *value);
enum MHD_Result __wrap_MHD_add_response_header(struct MHD_Response *response, const char *name,
                                               const char *value)
{
    return failing_fails() ? MHD_NO : __real_MHD_add_response_header(response, name, value);
}

enum MHD_Result __real_MHD_queue_response(struct MHD_Connection *connection, unsigned status,
                                          struct MHD_Response *response);
enum MHD_Result __wrap_MHD_queue_response(struct MHD_Connection *connection, unsigned status,
                                          struct MHD_Response *response);
enum MHD_Result __wrap_MHD_queue_response(struct MHD_Connection *connection, unsigned status,
                                          struct MHD_Response *response)
{
    return failing_fails() ? MHD_NO : __real_MHD_queue_response(connection, status, response);
}

json_t *__real_json_loadb(const char *text, size_t size, size_t flags, json_error_t *error);
json_t *__wrap_json_loadb(const char *text, size_t size, size_t flags, json_error_t *error);
json_t *__wrap_json_loadb(const char *text, size_t size, size_t flags, json_error_t *error)
{
    if (!failing_fails()) return __real_json_loadb(text, size, flags, error);
    memset(error, 0, sizeof *error);
    return NULL;
}
