/* Speed of the tokenizer on one core: bench_tokenizer TOKENIZER.json TEXT. Every line of TEXT is
 * one input, as in bench_hf.js. Prints MB of text per second of this thread's CPU time, the best of
 * five rounds. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "support.h"
#include "tokenizer_fixture.h"

#define ROUNDS 5

static double cpu_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static size_t round_of(const gte__tokenizer *tok, const char *text, size_t size)
{
    static gte_token tokens[65536];
    size_t total = 0;
    for (size_t i = 0; i < size;) {
        const char *newline = memchr(text + i, '\n', size - i);
        size_t length = newline ? (size_t)(newline - text) - i : size - i, count = 0;
        gte_text input = {text + i, length, NULL, 0};
        if (gte__tokenize(tok, input, 0, SIZE_MAX, tokens, sizeof tokens / sizeof tokens[0], &count,
                          NULL, NULL) != GTE_OK)
            return 0;
        total += count;
        i += length + 1;
    }
    return total;
}

int main(int argc, char **argv)
{
    tokenizer_fixture fixture;
    size_t size = 0, tokens = 0;
    double best = 1e9;
    char *text = argc == 3 ? support_read_file(argv[2], &size) : NULL;
    if (!text || !tokenizer_fixture_open(&fixture, argv[1])) {
        fprintf(stderr, "usage: bench_tokenizer TOKENIZER.json TEXT\n");
        free(text);
        return 2;
    }
    for (int i = 0; i < ROUNDS; i++) {
        double start = cpu_seconds();
        tokens = round_of(&fixture.tok, text, size);
        double seconds = cpu_seconds() - start;
        if (seconds < best) best = seconds;
    }
    printf("gte %.1f MB/s %zu tokens\n", (double)size / 1e6 / best, tokens);
    tokenizer_fixture_close(&fixture);
    free(text);
    return tokens ? 0 : 1;
}
