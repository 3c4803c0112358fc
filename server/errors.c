/* The three shapes of an error. */
#include "server/errors.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "server/json_out.h"
#include "server/routes.h"

typedef struct kind {
    int status;
    const char *text;   /* of the status line */
    const char *openai; /* "type" in OpenAI's errors */
    const char *tei;    /* "error_type" in TEI's */
} kind;

static const kind kinds[] = {
    {400, "Bad Request", "invalid_request_error", "Validation"},
    {401, "Unauthorized", "authentication_error", "Unauthorized"},
    {404, "Not Found", "invalid_request_error", "NotFound"},
    {405, "Method Not Allowed", "invalid_request_error", "Validation"},
    {413, "Content Too Large", "invalid_request_error", "Validation"},
    {414, "URI Too Long", "invalid_request_error", "Validation"},
    {415, "Unsupported Media Type", "invalid_request_error", "Validation"},
    {422, "Unprocessable Content", "invalid_request_error", "Validation"},
    {424, "Failed Dependency", "server_error", "Backend"},
    {429, "Too Many Requests", "rate_limit_error", "Overloaded"},
    {431, "Request Header Fields Too Large", "invalid_request_error", "Validation"},
    {499, "Client Closed Request", "server_error", "Backend"},
    {500, "Internal Server Error", "server_error", "Backend"},
    {501, "Not Implemented", "invalid_request_error", "Validation"},
    {503, "Service Unavailable", "server_error", "Unhealthy"},
    {504, "Gateway Timeout", "server_error", "Backend"},
    {505, "HTTP Version Not Supported", "invalid_request_error", "Validation"},
};

static const kind *kind_of(int status)
{
    static const kind unknown = {0, "Error", "server_error", "Backend"};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (kinds[i].status == status) return &kinds[i];
    return &unknown;
}

const char *server__status_text(int status)
{
    return status == 200 ? "OK" : kind_of(status)->text;
}

static void write_error(server__text *out, const server__request *request, int status,
                        const char *code, const char *param, const char *message)
{
    const kind *k = kind_of(status);
    switch (request->route ? request->route->shape : SERVER__PLAIN) {
    case SERVER__OPENAI:
        server__text_string(out, "{\"error\":{\"message\":");
        server__json_c_string(out, message);
        server__text_printf(out, ",\"type\":\"%s\",\"param\":", k->openai);
        server__json_c_string(out, param);
        server__text_printf(out, ",\"code\":\"%s\"}}", code);
        return;
    case SERVER__TEI:
        server__text_string(out, "{\"error\":");
        server__json_c_string(out, message);
        server__text_printf(out, ",\"error_type\":\"%s\"}", k->tei);
        return;
    case SERVER__PLAIN:
        break;
    }
    server__text_printf(out, "{\"error\":{\"code\":\"%s\",\"message\":", code);
    server__json_c_string(out, message);
    server__text_string(out, "},\"request_id\":");
    server__json_c_string(out, request->id);
    server__text_string(out, "}");
}

static void fail_with(server__request *request, int status, const char *code, const char *param,
                      const char *format, va_list args)
{
    char message[512];
    server__text out = {0};
    vsnprintf(message, sizeof message, format, args);
    write_error(&out, request, status, code, param, message);
    server__answer_json(request, status, &out);
}

void server__fail(server__request *request, int status, const char *code, const char *param,
                  const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fail_with(request, status, code, param, format, args);
    va_end(args);
}

int server__invalid(const server__request *request)
{
    return request->route->shape == SERVER__TEI ? 422 : 400;
}

bool server__fail_memory(server__request *request)
{
    server__fail(request, 503, "out_of_memory", NULL, "out of memory");
    return false;
}

void server__fail_later(server__request *request, int status, const char *code, unsigned seconds,
                        const char *format, ...)
{
    char text[16];
    va_list args;
    snprintf(text, sizeof text, "%u", seconds);
    server__answer_header(request, "Retry-After", text);
    va_start(args, format);
    fail_with(request, status, code, NULL, format, args);
    va_end(args);
}
