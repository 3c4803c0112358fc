/* /live, /ready and /health: what is known, without side effects. */
#include "server/json_out.h"
#include "server/process_stats.h"
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

/* Of the container's limit; what other programs take of a machine is none of ours. */
typedef struct memory_check {
    const char *status, *message;
    double percent;
} memory_check;

static memory_check check_memory(void)
{
    enum { WARN = 90, MOST = 95 }; /* percent */
    server__process_stats p;
    server__process_read(&p);
    const double percent =
        p.memory_limit ? 100.0 * (double)p.memory_used / (double)p.memory_limit : 0;
    if (!p.memory_limited) return (memory_check){"ok", "no limit is set", percent};
    if (percent > MOST) return (memory_check){"critical", "the limit is all but reached", percent};
    if (percent >= WARN) return (memory_check){"warning", "the limit is near", percent};
    return (memory_check){"ok", "below the limit", percent};
}

static void ready(server__request *request)
{
    const server__service *service = request->service;
    const bool model = is_ready(service);
    const memory_check memory = check_memory();
    const bool good = model && memory.status[0] != 'c';
    server__text out = {0};
    server__text_printf(&out,
                        "{\"ready\":%s,\"checks\":{\"model\":{\"status\":\"%s\",\"message\":"
                        "\"%s\"},\"memory\":{\"status\":\"%s\",\"usage_percent\":%.1f,"
                        "\"message\":\"%s\"}}}",
                        good ? "true" : "false", model ? "ok" : "not_ready",
                        model                             ? "model loaded"
                        : atomic_load(&service->draining) ? "shutting down"
                                                          : "warming up",
                        memory.status, memory.percent, memory.message);
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
    server__json_c_string(&out, service->models.choices[0]->name);
    server__text_printf(&out, ",\"model_load_time\":%.3f,\"model_error\":null",
                        server__models_load_seconds(&service->models));
    for (size_t i = 0; i < service->models.count; i++) {
        server__text_string(&out, i ? "," : ",\"models\":[");
        server__json_c_string(&out, service->models.choices[i]->name);
    }
    /* peers are the load balancer's to know: asking them here would be a side effect */
    server__text_string(&out, "],\"instances\":[{\"instance_id\":");
    server__json_c_string(&out, service->settings.instance_id);
    server__text_printf(&out, ",\"instance_port\":%d,\"status\":\"%s\"}]}",
                        server__http_port(service->http), good ? "healthy" : "unhealthy");
    server__answer_json(request, good ? 200 : 503, &out);
}

const server__route server__health_routes[] = {
    {"GET", "/live", live, SERVER__PLAIN, SERVER__OPEN | SERVER__QUIET, 0},
    {"GET", "/ready", ready, SERVER__PLAIN, SERVER__OPEN | SERVER__QUIET, 0},
    {"GET", "/health", health, SERVER__PLAIN, SERVER__OPEN | SERVER__QUIET, 0},
    {0},
};
