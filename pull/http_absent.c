/* In the place of http_curl.c in a build without libcurl: nothing is ever fetched. */
#include <stdio.h>

#include "pull/http_get.h"
#include "pull/pull.h"

bool pull__available(void)
{
    return false;
}

pull__http *pull__http_open(void)
{
    return NULL;
}

void pull__http_close(pull__http *http)
{
    (void)http;
}

enum pull__outcome pull__http_get(pull__http *http, const pull__request *request,
                                  pull__response *response, char *why)
{
    (void)http, (void)request;
    *response = (pull__response){.status = 0};
    snprintf(why, PULL__WHY_SIZE, "built without libcurl");
    return PULL__HOPELESS;
}
