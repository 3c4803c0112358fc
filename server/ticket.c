/* Jobs of requests. */
#include "server/ticket.h"

#include "server/errors.h"
#include "server/service.h"

static void refuse_full(server__request *request)
{
    server__service *service = request->service;
    server__metrics_refused(service->metrics, SERVER__REFUSED_QUEUE);
    server__fail_later(request, 429, "overloaded",
                       server__batcher_retry_after(request->choice->model->batcher),
                       "the queue is full (--queue-items %d, --queue-tokens %d)",
                       service->limits.queue_items, service->limits.queue_tokens);
}

bool server__ticket_refused(server__request *request, size_t items)
{
    if (!server__batcher_full(request->choice->model->batcher, items)) return false;
    refuse_full(request);
    return true;
}

/* On a thread of the batcher. */
static void job_done(server__job *job, server__job_end end)
{
    server__ticket *ticket = job->arg;
    ticket->end = end;
    server__wake(ticket->request);
}

static bool job_gone(const server__job *job)
{
    const server__ticket *ticket = job->arg;
    return server__gone(ticket->request);
}

/* Back on the connection's thread. */
static void after_job(server__request *request)
{
    server__service *service = request->service;
    const server__ticket *ticket = request->waiting;
    switch (ticket->end) {
    case SERVER__JOB_DONE:
        server__metrics_queued(service->metrics,
                               (double)(ticket->job.started_ns - ticket->job.submitted_ns) * 1e-9);
        ticket->then(request);
        return;
    case SERVER__JOB_DEADLINE:
        server__metrics_refused(service->metrics, SERVER__REFUSED_DEADLINE);
        server__fail(request, 504, "deadline", NULL, "no answer within the request's time");
        return;
    case SERVER__JOB_GONE:
        server__metrics_refused(service->metrics, SERVER__REFUSED_GONE);
        server__fail(request, 499, "client_gone", NULL, "the client went away");
        return;
    case SERVER__JOB_FAILED:
        break;
    }
    server__fail(request, 500, "embedding_failed", NULL, "the encoder failed");
}

void server__ticket_submit(server__ticket *ticket)
{
    server__request *request = ticket->request;
    ticket->job.deadline_ns = request->deadline_ns;
    ticket->job.done = job_done;
    ticket->job.gone = job_gone;
    ticket->job.arg = ticket;
    request->waiting = ticket;
    server__wait(request, after_job);
    switch (server__batcher_submit(request->choice->model->batcher, &ticket->job)) {
    case SERVER__SUBMITTED:
        return; /* the request may be gone already */
    case SERVER__QUEUE_FULL:
        refuse_full(request);
        return;
    case SERVER__QUEUE_CLOSED:
        server__fail_later(request, 503, "unavailable", 1, "the server is shutting down");
        return;
    case SERVER__NO_MEMORY:
        break;
    }
    server__fail_memory(request);
}

void *server__ticket_owner(const server__request *request)
{
    const server__ticket *ticket = request->waiting;
    return ticket->owner;
}
