/* Messages in one line, each with what can be done. */
#include "pull/answer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

bool pull__worth_retrying(int status)
{
    return status == 408 || status == 429 || status >= 500;
}

/* How the token is given, in the words of the hub that is asked. */
static gte_status no_access(const pull__options *options, int status, gte_error *err)
{
    if (options->from == PULL__MODELSCOPE)
        return gte__fail(err, GTE_E_IO, 0,
                         "%.80s: no access (%d); check the name; gte fetches only public models of "
                         "ModelScope",
                         options->repo, status);
    if (status == 403)
        return gte__fail(err, GTE_E_IO, 0,
                         "%.80s: no access (403); accept the model's terms at %.60s/%.80s, and set "
                         "HF_TOKEN to a token that may read it",
                         options->repo, pull__endpoint(options), options->repo);
    if (options->token)
        return gte__fail(err, GTE_E_IO, 0,
                         "%.80s: HF_TOKEN is not accepted (401), or there is no such model; check "
                         "the token and OWNER/NAME",
                         options->repo);
    return gte__fail(err, GTE_E_IO, 0,
                     "%.80s: no such model for everyone (401); check OWNER/NAME, and if it is "
                     "private or gated set HF_TOKEN",
                     options->repo);
}

gte_status pull__refused(const pull__options *options, const char *name,
                         const pull__response *response, gte_error *err)
{
    switch (response->status) {
    case 401:
    case 403:
        return no_access(options, response->status, err);
    case 404:
        return gte__fail(err, GTE_E_IO, 0,
                         "%.80s%s%.40s: %.40s is not at %.60s (404); check OWNER/NAME%s",
                         options->repo, options->revision ? " at " : "",
                         options->revision ? options->revision : "", name, pull__endpoint(options),
                         options->revision ? " and --revision" : "");
    case 429:
        return gte__fail(
            err, GTE_E_IO, 0,
            "%.60s asks for fewer requests (429); try again in %d s, what is fetched "
            "stays%s",
            pull__endpoint(options), response->retry_after > 0 ? response->retry_after : 60,
            options->token || options->from != PULL__HF ? ""
                                                        : "; HF_TOKEN, if set, raises the limit");
    default:
        return gte__fail(err, GTE_E_IO, 0,
                         "%.60s answers %d for %.60s; try again later, what is fetched stays",
                         pull__endpoint(options), response->status, name);
    }
}

gte_status pull__wait(const pull__options *options, int retry_after, unsigned failures,
                      gte_error *err)
{
    const struct timespec tenth = {0, 100000000};
    char line[80];
    int seconds = retry_after;
    if (!seconds && failures) seconds = failures > 5 ? 16 : 1 << (failures - 1);
    if (seconds > 2 && options->note) {
        snprintf(line, sizeof line, "the next attempt is in %d s", seconds);
        options->note(options->arg, line);
    }
    for (int i = 0; i < seconds * 10; i++) {
        if (options->cancelled && options->cancelled(options->arg))
            return gte__fail(err, GTE_E_CANCELLED, 0, "cancelled");
        nanosleep(&tenth, NULL);
    }
    return GTE_OK;
}

gte_status pull__write_failed(const pull__options *options, int error, gte_error *err)
{
    if (error == ENOSPC || error == EDQUOT || error == EFBIG)
        return gte__fail(err, GTE_E_IO, 0,
                         "no room in %.120s (%s); free some, or choose another place with -o, and "
                         "run it again: it goes on where it stopped",
                         options->dir, strerror(error));
    return gte__fail(err, GTE_E_IO, 0, "cannot write in %.140s: %s; choose another place with -o",
                     options->dir, strerror(error));
}
