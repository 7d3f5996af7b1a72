/*
 * access_calls: calls as access sees them, with a survey of each kind of access. Included once by a
 * test program.
 */
#ifndef NPSD_TESTS_UNIT_ACCESS_CALLS_H
#define NPSD_TESTS_UNIT_ACCESS_CALLS_H

#include "npsd/api/access.h"
#include "suite.h"
#include "support/unit_call.h"
#include "support/unit_database.h"

#define RESPONSE_ID "0193e5a0-0000-7000-8000-000000000000"

static struct unit_call c;
static bool asked; /* the last call asked for a worker */

static void setup(void)
{
    unit_call_open(&c);
    unit_call_survey(&c, "open", "'access': 'open'");
    unit_call_survey(&c, "keyed", "'access': 'key'");
    unit_call_survey(&c, "linked", "'access': 'link'");
    unit_call_refresh(&c);
}

static void teardown(void)
{
    unit_call_done(&c);
}

/* As the server does: on its thread, and on a worker if that asks. */
static struct reply admit(void)
{
    asked = false;
    struct reply reply = access_admit(&c.call, &asked);
    if (!asked)
        return reply;
    ck_assert_int_eq(reply.status, 0);
    return access_admit_fresh(&c.call);
}

static const char *tells(struct reply reply)
{
    return unit_reply_tells(&c.arena, &reply);
}

#endif
