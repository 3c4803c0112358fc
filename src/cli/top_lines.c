/* A bounded heap of hits. Where scores come from is cmd_search.c's. */
#include "top_lines.h"

#include <stdlib.h>
#include <string.h>

#include "report.h"

int cli__top_create(cli_top_lines *top, size_t most)
{
    top->count = 0;
    top->most = most;
    top->hits = calloc(most, sizeof *top->hits);
    return top->hits ? CLI_OK : cli__out_of_memory();
}

void cli__top_free(cli_top_lines *top)
{
    for (size_t i = 0; i < top->count; i++) free(top->hits[i].text);
    free(top->hits);
    top->hits = NULL;
    top->count = 0;
}

static int worse(const cli_hit *a, const cli_hit *b)
{
    if (a->score < b->score || a->score > b->score) return a->score < b->score;
    return a->line > b->line;
}

static void swap(cli_hit *a, cli_hit *b)
{
    cli_hit kept = *a;
    *a = *b;
    *b = kept;
}

static void sift_down(cli_hit *hits, size_t count, size_t i)
{
    for (;;) {
        size_t worst = i, left = 2 * i + 1, right = left + 1;
        if (left < count && worse(&hits[left], &hits[worst])) worst = left;
        if (right < count && worse(&hits[right], &hits[worst])) worst = right;
        if (worst == i) return;
        swap(&hits[i], &hits[worst]);
        i = worst;
    }
}

static void sift_up(cli_hit *hits, size_t i)
{
    for (; i && worse(&hits[i], &hits[(i - 1) / 2]); i = (i - 1) / 2)
        swap(&hits[i], &hits[(i - 1) / 2]);
}

int cli__top_offer(cli_top_lines *top, float score, uint64_t line, gte_text text)
{
    cli_hit hit = {.score = score, .line = line, .size = text.size, .pair_size = text.pair_size};
    if (score != score) return CLI_OK; /* not a number: no place in an order */
    if (top->count == top->most && !worse(&top->hits[0], &hit)) return CLI_OK;
    hit.has_pair = text.pair != NULL;
    hit.text = malloc(text.size + text.pair_size + 1);
    if (!hit.text) return cli__out_of_memory();
    memcpy(hit.text, text.data, text.size);
    if (text.pair) memcpy(hit.text + text.size, text.pair, text.pair_size);
    if (top->count < top->most) {
        top->hits[top->count] = hit;
        sift_up(top->hits, top->count++);
    } else {
        free(top->hits[0].text);
        top->hits[0] = hit;
        sift_down(top->hits, top->count, 0);
    }
    return CLI_OK;
}

void cli__top_sort(cli_top_lines *top)
{
    for (size_t end = top->count; end > 1; end--) {
        swap(&top->hits[0], &top->hits[end - 1]);
        sift_down(top->hits, end - 1, 0);
    }
}
