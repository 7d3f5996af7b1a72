/*
 * form_calls: plain forms and where they lead. Included once by a test program.
 */
#ifndef NPSD_TESTS_UNIT_FORM_CALLS_H
#define NPSD_TESTS_UNIT_FORM_CALLS_H

#include "suite.h"
#include "support/unit_call.h"
#include "support/unit_database.h"

static struct unit_call c;

static void setup(void)
{
    unit_call_open(&c);
    unit_call_lanes(&c, 100);
    unit_call_survey(&c, "open", "'access': 'open'");
    unit_call_survey(&c, "keyed", "'access': 'key'");
}

static void teardown(void)
{
    unit_call_done(&c);
}

static struct reply post(const char *survey, const char *body)
{
    unit_call_to(&c, HTTP_POST, arena_printf(&c.arena, "/s/%s", survey));
    unit_call_body(&c, MEDIA_FORM, body);
    return unit_call_run(&c);
}

/* Where a form leads, or what is told of it. */
static const char *leads(const char *survey, const char *body)
{
    struct reply reply = post(survey, body);
    const char *location = unit_reply_header(&reply, "Location");
    return reply.status == 303 ? location : unit_reply_tells(&c.arena, &reply);
}

static long answers(void)
{
    return unit_pg_number("select count(*) from response");
}

#endif
