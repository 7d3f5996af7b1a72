/* json_cases: what tests of the decoders share: a document from a literal, and the errors told as
 * one text that a row of a table can hold. */
#ifndef NPSD_TESTS_UNIT_JSON_CASES_H
#define NPSD_TESTS_UNIT_JSON_CASES_H

#include "npsd/base/buf.h"
#include "npsd/json/read.h"
#include "suite.h"
#include <string.h>

static inline json_t *case_json(struct arena *arena, const char *text)
{
    const char *detail = "";
    json_t *value = json_read(arena, text, strlen(text), &detail);

    if (!value)
        ck_abort_msg("%s: %s", text, detail);
    return value;
}

/* "/score /answers/why": where something was found wrong, in the order told; "." is the whole. */
static inline const char *case_places(struct arena *arena, const struct problem_errors *errors)
{
    struct buf buf = buf_make(arena, 64);

    for (size_t i = 0; i < errors->count; i++) {
        const char *where = errors->items[i].where;

        buf_printf(&buf, "%s%s", i > 0 ? " " : "", where[0] ? where : ".");
        ck_assert_msg(errors->items[i].detail && errors->items[i].detail[0], "no detail");
    }
    return buf.data;
}

/* count times the character, with a text before and after. */
static inline const char *case_long(struct arena *arena, const char *before, const char *character,
                                    size_t count, const char *after)
{
    struct buf buf = buf_make(arena, count + 64);

    buf_text(&buf, before);
    for (size_t i = 0; i < count; i++)
        buf_text(&buf, character);
    buf_text(&buf, after);
    return buf.data;
}

#endif
