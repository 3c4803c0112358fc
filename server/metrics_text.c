/* The metrics as Prometheus reads them (text format 0.0.4) and as JSON. Reading changes nothing.
 *
 * gte_response_time_*_ms and gte_memory_usage_mb have the names that users of the service know;
 * Prometheus's own rules would call them by base units, as the histograms beside them are. */
#include <stdlib.h>
#include <string.h>

#include "server/json_out.h"
#include "server/metrics_own.h"
#include "server/process_stats.h"
#include "server/service.h"

static uint64_t read_count(const atomic_uint_least64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

static void head(server__text *out, const char *name, const char *type, const char *help)
{
    server__text_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void gauge(server__text *out, const char *name, const char *help, double value)
{
    head(out, name, "gauge", help);
    server__text_printf(out, "%s %.15g\n", name, value);
}

static void counter(server__text *out, const char *name, const char *help, double value)
{
    head(out, name, "counter", help);
    server__text_printf(out, "%s %.15g\n", name, value);
}

/* `label` is "" or "task=\"ner\",". */
static void histogram(server__text *out, const char *name, const char *label,
                      const server__histogram *h, const double *bounds, size_t count, double scale)
{
    uint64_t total = 0;
    char rest[64] = "";
    const size_t size = strlen(label);
    if (size) snprintf(rest, sizeof rest, "{%.*s}", (int)size - 1, label);
    for (size_t i = 0; i < count; i++) {
        total += read_count(&h->buckets[i]);
        server__text_printf(out, "%s_bucket{%sle=\"%g\"} %llu\n", name, label, bounds[i],
                            (unsigned long long)total);
    }
    total += read_count(&h->buckets[count]);
    server__text_printf(out, "%s_bucket{%sle=\"+Inf\"} %llu\n", name, label,
                        (unsigned long long)total);
    server__text_printf(out, "%s_sum%s %.9g\n%s_count%s %llu\n", name, rest,
                        (double)read_count(&h->sum) / scale, name, rest, (unsigned long long)total);
}

static void times(server__text *out, const char *name, const char *label,
                  const server__histogram *h)
{
    histogram(out, name, label, h, server__time_bounds, SERVER__TIME_BOUNDS, 1e9);
}

/* ---- the window of response times ------------------------------------------------------------ */

typedef struct window {
    double average, p95, p99; /* milliseconds */
} window;

static int ascending(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* Of the last 1000 answers; the p-th percentile is sorted[int(p n)]. */
static window read_window(const server__metrics *metrics)
{
    uint32_t times_us[SERVER__WINDOW];
    uint64_t n = read_count(&metrics->window_count);
    double sum = 0;
    if (n == 0) return (window){0};
    if (n > SERVER__WINDOW) n = SERVER__WINDOW;
    for (size_t i = 0; i < n; i++) {
        times_us[i] = atomic_load_explicit(&metrics->window[i], memory_order_relaxed);
        sum += times_us[i];
    }
    qsort(times_us, n, sizeof *times_us, ascending);
    return (window){sum / (double)n / 1000, times_us[n * 95 / 100] / 1000.0,
                    times_us[n * 99 / 100] / 1000.0};
}

static double error_rate(const server__metrics *metrics)
{
    const uint64_t n = read_count(&metrics->ended);
    return (double)read_count(&metrics->errors) / (double)(n ? n : 1);
}

static double cpu_percent(const server__metrics *metrics)
{
    return atomic_load_explicit(&metrics->cpu_percent_x100, memory_order_relaxed) / 100.0;
}

/* ---- families -------------------------------------------------------------------------------- */

static void requests(server__text *out, const server__metrics *m)
{
    head(out, "gte_requests_total", "counter", "Requests answered, by task and status.");
    for (size_t t = 0; t < SERVER__METRIC_TASKS; t++)
        for (size_t s = 0; s < SERVER__METRIC_STATUSES; s++) {
            char status[16] = "other";
            if (server__metric_statuses[s])
                snprintf(status, sizeof status, "%d", server__metric_statuses[s]);
            server__text_printf(out, "gte_requests_total{task=\"%s\",status=\"%s\"} %llu\n",
                                server__metric_tasks[t], status,
                                (unsigned long long)read_count(&m->requests[t][s]));
        }
    head(out, "gte_request_duration_seconds", "histogram",
         "Time from the head of a request to its answer.");
    for (size_t t = 0; t < SERVER__METRIC_TASKS; t++) {
        char label[64];
        snprintf(label, sizeof label, "task=\"%s\",", server__metric_tasks[t]);
        times(out, "gte_request_duration_seconds", label, &m->durations[t]);
    }
    counter(out, "gte_inputs_total", "Texts of all requests.", (double)read_count(&m->inputs));
    counter(out, "gte_tokens_total", "Tokens of all requests, after cutting.",
            (double)read_count(&m->tokens));
    counter(out, "gte_truncated_inputs_total", "Texts cut to what the model reads, and answered.",
            (double)read_count(&m->truncated));
}

static void response_times(server__text *out, const server__metrics *m)
{
    const window w = read_window(m);
    gauge(out, "gte_error_rate", "Share of requests answered with a status of 400 or more.",
          error_rate(m));
    gauge(out, "gte_response_time_avg_ms", "Mean response time of the last 1000 requests.",
          w.average);
    gauge(out, "gte_response_time_p95_ms", "95th percentile of the last 1000 response times.",
          w.p95);
    gauge(out, "gte_response_time_p99_ms", "99th percentile of the last 1000 response times.",
          w.p99);
}

static void refusals(server__text *out, const server__metrics *m)
{
    static const char *const reasons[SERVER__REFUSALS] = {
        "queue_full", "requests_memory", "rate_limit", "api_key",     "draining",
        "bad_http",   "deadline",        "gone",       "slow_client",
    };
    head(out, "gte_refused_total", "counter", "Requests and connections refused or given up.");
    for (size_t i = 0; i < SERVER__REFUSALS; i++)
        server__text_printf(out, "gte_refused_total{reason=\"%s\"} %llu\n", reasons[i],
                            (unsigned long long)read_count(&m->refused[i]));
}

static void cache(server__text *out, const server__service *service)
{
    const server__metrics *m = service->metrics;
    const double hits = (double)read_count(&m->cache[SERVER__CACHE_HIT]);
    const double misses = (double)read_count(&m->cache[SERVER__CACHE_MISS]);
    gte_cache_counts counts = {0};
    if (service->cache) gte_cache_stats(service->cache, &counts, sizeof counts);
    head(out, "gte_cache_requests_total", "counter", "Texts looked up in the cache, by result.");
    server__text_printf(out, "gte_cache_requests_total{result=\"hit\"} %.15g\n", hits);
    server__text_printf(out, "gte_cache_requests_total{result=\"miss\"} %.15g\n", misses);
    gauge(out, "gte_cache_hit_rate", "Share of looked-up texts that the cache had.",
          hits / (hits + misses > 0 ? hits + misses : 1));
    gauge(out, "gte_cache_memory_bytes", "Bytes of results in the cache's memory tier.",
          (double)counts.memory_bytes);
    gauge(out, "gte_cache_disk_bytes", "Bytes of the cache's database.", (double)counts.disk_bytes);
}

static void encoder(server__text *out, const server__service *service)
{
    const server__metrics *m = service->metrics;
    const server__batcher_state state = server__models_state(&service->models);
    gauge(out, "gte_queue_items", "Texts that wait for the encoder.", (double)state.queued_items);
    gauge(out, "gte_queue_tokens", "Tokens that wait for the encoder.",
          (double)state.queued_tokens);
    gauge(out, "gte_running_items", "Texts on the encoder.", (double)state.running_items);
    counter(out, "gte_shared_inputs_total", "Texts answered by an equal one in flight.",
            (double)state.shared);
    head(out, "gte_queue_duration_seconds", "histogram", "Time a request waited for its batch.");
    times(out, "gte_queue_duration_seconds", "", &m->queue_seconds);
    head(out, "gte_batch_duration_seconds", "histogram", "Time of one batch on the encoder.");
    times(out, "gte_batch_duration_seconds", "", &m->batch_seconds);
    head(out, "gte_batch_items", "histogram", "Texts of one batch.");
    histogram(out, "gte_batch_items", "", &m->batch_items, server__count_bounds,
              SERVER__COUNT_BOUNDS, 1);
    head(out, "gte_batch_tokens", "histogram", "Tokens of one batch.");
    histogram(out, "gte_batch_tokens", "", &m->batch_tokens, server__count_bounds,
              SERVER__COUNT_BOUNDS, 1);
}

/* {model="..."}: names come from files and settings, and are cleaned of what would end a label. */
static void model_label(server__text *out, const char *name)
{
    char clean[SERVER__NAME_SIZE];
    snprintf(clean, sizeof clean, "%s", name);
    for (char *p = clean; *p; p++)
        if (*p == '"' || *p == '\\' || (unsigned char)*p < ' ') *p = '_';
    server__text_string(out, "{model=\"");
    server__text_string(out, clean);
    server__text_string(out, "\"");
}

/* One series for each file, under its first name. */
static void models(server__text *out, const server__service *service)
{
    static const struct {
        const char *name, *type, *help;
    } families[] = {
        {"gte_model_inputs_total", "counter", "Texts that went through the model's encoder."},
        {"gte_model_tokens_total", "counter", "Tokens that did, a task's texts estimated."},
        {"gte_model_batches_total", "counter", "Batches that did."},
        {"gte_model_queue_items", "gauge", "Texts that wait for the model."},
        {"gte_model_running_items", "gauge", "Texts that are on it."},
    };
    const server__models *all = &service->models;
    for (size_t f = 0; f < sizeof families / sizeof *families; f++) {
        head(out, families[f].name, families[f].type, families[f].help);
        for (size_t i = 0; i < all->file_count; i++) {
            server__batcher_state s = {0};
            if (all->files[i]->batcher) server__batcher_describe(all->files[i]->batcher, &s);
            const double values[] = {(double)s.items, (double)s.tokens, (double)s.batches,
                                     (double)s.queued_items, (double)s.running_items};
            server__text_string(out, families[f].name);
            model_label(out, server__models_name_of(all, all->files[i]));
            server__text_printf(out, "} %.15g\n", values[f]);
        }
    }
    head(out, "gte_model_info", "gauge", "1; what is loaded, a model or a head, as labels.");
    for (size_t i = 0; i < all->count; i++) {
        const server__choice *c = all->choices[i];
        server__text_string(out, "gte_model_info");
        model_label(out, c->name);
        server__text_printf(out, ",dtype=\"%s\",dimensions=\"%d\",head=\"%s\"} 1\n",
                            c->model->info.dtype, c->model->info.hidden_size,
                            c->head ? "yes" : "no");
    }
}

static void process(server__text *out, const server__service *service)
{
    server__process_stats p;
    server__process_read(&p);
    gauge(out, "gte_memory_usage_mb", "Resident memory in MiB.",
          (double)p.resident_bytes / (1 << 20));
    gauge(out, "gte_cpu_percent", "CPU of the last second, in percent of one core.",
          cpu_percent(service->metrics));
    counter(out, "process_cpu_seconds_total", "CPU time of the process in seconds.", p.cpu_seconds);
    gauge(out, "process_resident_memory_bytes", "Resident memory in bytes.",
          (double)p.resident_bytes);
    gauge(out, "process_virtual_memory_bytes", "Virtual memory in bytes.", (double)p.virtual_bytes);
    gauge(out, "process_open_fds", "Open file descriptors.", (double)p.open_files);
    gauge(out, "process_max_fds", "Most file descriptors allowed.", (double)p.max_files);
    gauge(out, "process_threads", "Threads.", (double)p.threads);
    gauge(out, "process_start_time_seconds", "Start of the process, seconds since 1970.",
          p.start_time);
    counter(out, "gte_disk_read_bytes_total", "Bytes read from disks.", (double)p.read_bytes);
    counter(out, "gte_disk_written_bytes_total", "Bytes written to disks.",
            (double)p.written_bytes);
}

static void state(server__text *out, const server__service *service)
{
    gte_runtime runtime;
    gte_runtime_describe(&runtime, sizeof runtime);
    gauge(out, "gte_model_loaded", "1 when the model is loaded.", service->models.count > 0);
    gauge(out, "gte_model_load_seconds", "Time the model took to load.",
          server__models_load_seconds(&service->models));
    gauge(out, "gte_ready", "1 when requests are taken.",
          atomic_load(&service->ready) && !atomic_load(&service->draining));
    gauge(out, "gte_connections", "Open connections.",
          (double)server__http_connections(service->http));
    gauge(out, "gte_requests_in_flight", "Requests begun and not yet answered.",
          (double)server__http_requests(service->http));
    gauge(out, "gte_requests_memory_bytes",
          "Bytes of bodies, vectors and answers that requests hold.",
          (double)atomic_load(&service->held));
    gauge(out, "gte_uptime_seconds", "Seconds since the start.",
          (double)(server__now() - service->started_ns) * 1e-9);
    const gte_model_info *info = &service->models.files[0]->info;
    head(out, "gte_build_info", "gauge", "1; what runs here, as labels.");
    server__text_printf(out,
                        "gte_build_info{version=\"%s\",isa=\"%s\",dtype=\"%s\",dimensions=\"%d\"} "
                        "1\n",
                        gte_version(), runtime.isa, info->dtype, info->hidden_size);
}

void server__metrics_text(const server__service *service, server__text *out)
{
    requests(out, service->metrics);
    response_times(out, service->metrics);
    refusals(out, service->metrics);
    cache(out, service);
    encoder(out, service);
    models(out, service);
    process(out, service);
    state(out, service);
}

void server__metrics_json(const server__service *service, server__text *out)
{
    const server__metrics *m = service->metrics;
    const window w = read_window(m);
    const double hits = (double)read_count(&m->cache[SERVER__CACHE_HIT]);
    const double looked = hits + (double)read_count(&m->cache[SERVER__CACHE_MISS]);
    const server__batcher_state queue = server__models_state(&service->models);
    server__process_stats p;
    server__process_read(&p);
    server__text_printf(out, "{\"uptime\":%.3f,\"total_requests\":%llu,\"error_rate\":%.6g,",
                        (double)(server__now() - service->started_ns) * 1e-9,
                        (unsigned long long)read_count(&m->ended), error_rate(m));
    server__text_printf(out, "\"response_time\":{\"avg_ms\":%.3f,\"p95_ms\":%.3f,\"p99_ms\":%.3f},",
                        w.average, w.p95, w.p99);
    server__text_printf(out,
                        "\"memory_usage_mb\":%.1f,\"cpu_percent\":%.2f,\"active_threads\":%zu,"
                        "\"queue\":{\"items\":%zu,\"tokens\":%zu},\"cache_hit_rate\":%.6g,"
                        "\"instance_id\":",
                        (double)p.resident_bytes / (1 << 20), cpu_percent(m), p.threads,
                        queue.queued_items, queue.queued_tokens, hits / (looked > 0 ? looked : 1));
    server__json_c_string(out, service->settings.instance_id);
    server__text_string(out, "}");
}
