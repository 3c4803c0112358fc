/* /live, /ready and /health: what is known, without side effects. */
#include "server/json_out.h"
#include "server/routes.h"
#include "server/service.h"
#include "server/timestamp.h"

static void live(server__request *request)
{
    static const char alive[] = "{\"alive\":true}";
    server__answer_constant(request, 200, SERVER__JSON_TYPE, alive, sizeof alive - 1);
}

static bool is_ready(const server__service *service)
{
    return atomic_load(&service->ready) && !atomic_load(&service->draining);
}

static void ready(server__request *request)
{
    const server__service *service = request->service;
    bool good = is_ready(service);
    server__text out = {0};
    server__text_printf(&out,
                        "{\"ready\":%s,\"checks\":{\"model\":{\"status\":\"%s\",\"message\":"
                        "\"%s\"}}}",
                        good ? "true" : "false", good ? "ok" : "not_ready",
                        good                              ? "model loaded"
                        : atomic_load(&service->draining) ? "shutting down"
                                                          : "warming up");
    server__answer_json(request, good ? 200 : 503, &out);
}

static void health(server__request *request)
{
    const server__service *service = request->service;
    bool good = is_ready(service);
    server__text out = {0};
    char now[SERVER__TIMESTAMP_SIZE];
    server__timestamp(now);
    server__text_printf(&out, "{\"status\":\"%s\",\"timestamp\":\"%s\",\"instance_id\":",
                        good ? "healthy" : "unhealthy", now);
    server__json_c_string(&out, service->settings.instance_id);
    server__text_printf(&out,
                        ",\"instance_port\":%d,\"version\":", server__http_port(service->http));
    server__json_c_string(&out, gte_version());
    server__text_printf(&out, ",\"model\":\"%s\",\"model_name\":", "loaded");
    server__json_c_string(&out, service->model_name);
    server__text_printf(&out, ",\"model_load_time\":%.3f,\"model_error\":null}",
                        service->load_seconds);
    server__answer_json(request, good ? 200 : 503, &out);
}

const server__route server__health_routes[] = {
    {"GET", "/live", live, SERVER__PLAIN, SERVER__OPEN | SERVER__QUIET, 0},
    {"GET", "/ready", ready, SERVER__PLAIN, SERVER__OPEN | SERVER__QUIET, 0},
    {"GET", "/health", health, SERVER__PLAIN, SERVER__OPEN | SERVER__QUIET, 0},
    {0},
};
