#include "npsd/api/jobs.h"

#include "npsd/api/access.h"
#include "npsd/base/clock.h"
#include "npsd/base/log.h"
#include "npsd/base/metrics.h"
#include "npsd/db/pool.h"
#include "npsd/http/server.h"

#define JOB_DEADLINE_US (8 * CLOCK_SECOND_US)

/* Embedded first, so that a job is its call_job. Lives in the call's arena. */
struct call_job {
    struct job job;
    struct call *call;
    bool asked;
    bool bare;                                          /* run is called outside of any landing */
    struct reply (*run)(struct call *call, void *work); /* NULL: the route's handler */
    void *work;
};

static struct reply run_call(struct call *call, const struct call_job *what)
{
    if (!call->db) {
        metrics_add(METRIC_REJECTED, 1);
        return reply_problem(call, PROBLEM_OVERLOADED, NULL);
    }
    if (what->asked) {
        struct reply refusal = access_admit_fresh(call);
        if (refusal.status)
            return refusal;
    }
    return what->run ? what->run(call, what->work) : call->route->handle(call);
}

/* Out of memory in the middle of a handler ends here, on this thread's stack. */
static struct reply run_landed(struct call *call, const struct call_job *what)
{
    jmp_buf landing;
    if (setjmp(landing) != 0) {
        call->arena->landing = NULL;
        log_error(call->request_id, "out-of-memory");
        if (call->db)
            pg_abandon(call->db);
        return reply_out_of_memory();
    }
    call->arena->landing = &landing;
    struct reply reply = run_call(call, what);
    call->arena->landing = NULL;
    return reply;
}

struct reply jobs_handle(struct call *call)
{
    const struct call_job handler = {0};
    return run_landed(call, &handler);
}

static void run_job(struct job *job, struct pg *pg)
{
    struct call_job *work = (struct call_job *)job;
    struct call *call = work->call;
    call->db = pg;
    struct reply reply = work->bare ? work->run(call, work->work) : run_landed(call, work);
    call->db = NULL;
    server_answer(call, reply);
}

/* NULL: out of memory. Nobody else's landing is set here (see reply_later). */
static struct call_job *make_job(struct call *call)
{
    jmp_buf landing;
    if (setjmp(landing) != 0) {
        call->arena->landing = NULL;
        return NULL;
    }
    call->arena->landing = &landing;
    struct call_job *work = arena_calloc(call->arena, 1, sizeof *work);
    call->arena->landing = NULL;
    return work;
}

static bool submit(struct call *call, struct call_job what)
{
    struct call_job *work = make_job(call);
    what.job.run = run_job;
    what.job.deadline_us = clock_monotonic_us() + JOB_DEADLINE_US;
    what.call = call;
    if (work)
        *work = what;
    bool taken = work && pool_submit(call_world(call)->pool, &work->job);
    if (!taken)
        metrics_add(METRIC_REJECTED, 1);
    return taken;
}

bool jobs_submit(struct call *call, bool asked)
{
    return submit(call, (struct call_job){.asked = asked});
}

bool jobs_submit_work(struct call *call, struct reply (*run)(struct call *call, void *work),
                      void *work)
{
    return submit(call, (struct call_job){.run = run, .work = work});
}

bool jobs_submit_to(struct call *call, struct reply (*run)(struct call *call, void *work),
                    void *work, int64_t not_before_us)
{
    return submit(call,
                  (struct call_job){
                      .job.not_before_us = not_before_us, .bare = true, .run = run, .work = work});
}
