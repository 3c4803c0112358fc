/* GET /metrics for Prometheus, GET /metrics/json for people and pages. */
#include "server/json_out.h"
#include "server/routes.h"
#include "server/service.h"

static void metrics_text(server__request *request)
{
    server__text out = {0};
    server__text_reserve(&out, 1 << 16);
    server__metrics_text(request->service, &out);
    server__answer_text(request, 200, "text/plain; version=0.0.4; charset=utf-8", &out);
}

static void metrics_json(server__request *request)
{
    server__text out = {0};
    server__metrics_json(request->service, &out);
    server__answer_json(request, 200, &out);
}

const server__route server__metrics_routes[] = {
    {"GET", "/metrics", metrics_text, SERVER__PLAIN, SERVER__OPEN | SERVER__QUIET, 0},
    {"GET", "/metrics/json", metrics_json, SERVER__PLAIN, SERVER__OPEN | SERVER__QUIET, 0},
    {0},
};
