/* The progress line: share done, count, rate, time left. */
#include "progress_bar.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "terminal.h"

static bool on_screen;

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

void cli__progress_start(cli_progress *bar, const char *unit, int data_fd)
{
    bar->shown = isatty(STDERR_FILENO) && !isatty(data_fd);
    bar->unit = unit;
    bar->started = bar->drawn = now();
}

static void print_time(double seconds)
{
    uint64_t s = seconds < 0 ? 0 : seconds > 3.6e8 ? (uint64_t)3.6e8 : (uint64_t)(seconds + 0.5);
    if (s >= 3600)
        fprintf(stderr, "%" PRIu64 ":%02u:%02u", s / 3600, (unsigned)(s / 60 % 60),
                (unsigned)(s % 60));
    else
        fprintf(stderr, "%u:%02u", (unsigned)(s / 60), (unsigned)(s % 60));
}

static void print_bar(double share)
{
    char bar[27] = "[                         ]";
    int filled = (int)(share * 25);
    for (int i = 0; i < filled && i < 25; i++) bar[1 + i] = '=';
    if (filled < 25) bar[1 + filled] = '>';
    fprintf(stderr, "%3d%% %.27s ", (int)(share * 100), bar);
}

void cli__progress_update(cli_progress *bar, uint64_t count, uint64_t done, uint64_t total)
{
    if (!bar->shown) return;
    double time = now(), elapsed = time - bar->started;
    if (elapsed < 0.5 || time - bar->drawn < 0.1) return;
    bar->drawn = time;
    double share = total ? (double)done / (double)total : 0;
    if (share > 1) share = 1;
    fputs("\r\033[K", stderr);
    if (total) print_bar(share);
    if (bar->unit)
        fprintf(stderr, "%" PRIu64 " %s  %.0f %s/s", count, bar->unit, (double)count / elapsed,
                bar->unit);
    else
        fprintf(stderr, "%.1f MB  %.1f MB/s", (double)done / 1e6, (double)done / 1e6 / elapsed);
    if (total && share > 0) {
        fputs("  ", stderr);
        print_time(elapsed / share - elapsed);
        fputs(" left", stderr);
    }
    on_screen = true;
    fflush(stderr);
}

void cli__progress_wipe(void)
{
    if (!on_screen) return;
    fputs("\r\033[K", stderr);
    fflush(stderr);
    on_screen = false;
}
