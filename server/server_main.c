/* gte-server: settings, then the service. */
#include "server/heap.h"
#include "server/service.h"

int main(int argc, char **argv)
{
    server__settings settings;
    server__heap_setup();
    int stop = server__settings_read(&settings, argc, argv);
    if (stop) return stop - 1;
    int code = server__run(&settings);
    server__settings_free(&settings);
    return code;
}
