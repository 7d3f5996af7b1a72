#include "npsd/api/jobs.h"

#include "npsd/api/access.h"
#include "npsd/base/clock.h"
#include "npsd/base/metrics.h"
#include "npsd/db/pool.h"
#include "npsd/http/server.h"

#define JOB_DEADLINE_US (8 * CLOCK_SECOND_US)

/* Embedded first, so that a job is its call_job. Lives in the call's arena. */
struct call_job {
    struct job job;
    struct call *call;
    bool asked;
};

static struct reply run_call(struct call *call, bool asked)
{
    if (asked) {
        struct reply refusal = access_admit_fresh(call);
        if (refusal.status)
            return refusal;
    }
    return call->route->handle(call);
}

/* Out of memory in the middle of a handler ends here, on this thread's stack. */
static struct reply run_landed(struct call *call, bool asked)
{
    jmp_buf landing;
    jmp_buf *outer = call->arena->landing;
    struct reply reply;
    if (setjmp(landing) == 0) {
        call->arena->landing = &landing;
        reply = run_call(call, asked);
    } else {
        /* It may have been in the middle of a transaction. */
        pg_drop(call->db);
        reply = reply_problem(call, PROBLEM_UNAVAILABLE, "Out of memory.");
    }
    call->arena->landing = outer;
    return reply;
}

static void run_job(struct job *job, struct pg *pg)
{
    struct call_job *work = (struct call_job *)job;
    struct call *call = work->call;
    if (!pg) {
        metrics_add(METRIC_REJECTED, 1);
        server_answer(call, reply_problem(call, PROBLEM_OVERLOADED, NULL));
        return;
    }
    call->db = pg;
    struct reply reply = run_landed(call, work->asked);
    call->db = NULL;
    server_answer(call, reply);
}

bool jobs_submit(struct call *call, bool asked)
{
    struct call_job *work = arena_calloc(call->arena, 1, sizeof *work);
    work->job.run = run_job;
    work->job.deadline_us = clock_monotonic_us() + JOB_DEADLINE_US;
    work->call = call;
    work->asked = asked;
    bool taken = pool_submit(call_world(call)->pool, &work->job);
    if (!taken)
        metrics_add(METRIC_REJECTED, 1);
    return taken;
}
