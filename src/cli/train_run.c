/* What training texts and training words share. */
#include "train_run.h"

#include <time.h>

#include "interrupt.h"
#include "report.h"

double cli__train_clock(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

int cli__train_failed(const gte_error *err)
{
    if (err->status == GTE_E_CANCELLED) return CLI_INTERRUPTED;
    return cli__fail("%s", err->message);
}

static int poll_interrupt(void *arg)
{
    (void)arg;
    return cli__interrupted();
}

int cli__train_fit(cli_train_run *run, const train__rows *rows, const train__loss *loss,
                   const size_t *bounds, const train__judge *judge, double *weights)
{
    gte_error err;
    train__options options = {.tolerance = run->tolerance, .poll = poll_interrupt};
    run->c = run->grid[0];
    if (run->folds) {
        if (train__choose_c(rows, loss, &options, bounds, run->folds, judge, run->grid,
                            run->grid_size, &run->trials, &err) != GTE_OK)
            return cli__train_failed(&err);
        run->c = run->trials.of[run->trials.best].c;
    }
    options.c = run->c;
    if (train__linear_fit(rows, loss, &options, weights, &run->outcome, &err) != GTE_OK)
        return cli__train_failed(&err);
    if (!run->outcome.converged)
        cli__note("after %d iterations the gradient is still %.2g: the optimum was not reached",
                  run->outcome.iterations, run->outcome.gradient);
    return CLI_OK;
}
