/* The page: page.html with the numbers of the profile and the spans of its fastest round in place
 * of the mark. The page itself is turned into an array by the Makefile. */
#include <string.h>

#include "perf/profile/profile.h"

extern const unsigned char profile__page[];
extern const size_t profile__page_size;

static const char mark[] = "PROFILE_DATA";

/* [operation, layer, thread, begin, length, rows, flops, bytes], times in microseconds. */
static void write_spans(FILE *out, const profile *p)
{
    fputc('[', out);
    for (size_t i = 0; i < p->span_count; i++) {
        const gte_trace_span *s = &p->spans[i];
        fprintf(out, "%s[%d,%d,%d,%.3f,%.3f,%u,%llu,%llu]", i ? ",\n" : "\n", (int)s->operation,
                s->layer, s->member, (double)(s->begin_ns - p->begin_ns) * 1e-3,
                (double)(s->end_ns - s->begin_ns) * 1e-3, (unsigned)s->rows,
                (unsigned long long)s->flops, (unsigned long long)s->bytes);
    }
    fputc(']', out);
}

static void write_data(FILE *out, const profile *p)
{
    fputs("{\"profile\":", out);
    profile__write_json(out, p);
    fputs(",\n\"names\":[", out);
    for (int i = 0; i < PROFILE_ROWS; i++) {
        if (i) fputc(',', out);
        profile__write_string(out, profile__row_name(i));
    }
    fputs("],\n\"spans\":", out);
    write_spans(out, p);
    fputc('}', out);
}

void profile__write_html(FILE *out, const profile *p)
{
    const unsigned char *at = memmem(profile__page, profile__page_size, mark, sizeof mark - 1);
    const size_t before = at ? (size_t)(at - profile__page) : profile__page_size;
    fwrite(profile__page, 1, before, out);
    if (!at) return;
    write_data(out, p);
    at += sizeof mark - 1;
    fwrite(at, 1, profile__page_size - (size_t)(at - profile__page), out);
}
