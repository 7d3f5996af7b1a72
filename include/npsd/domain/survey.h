/*
 * survey: what is asked. Plain data, made by json/survey (from a definition) or state/directory
 * (from the database), owned by an arena, immutable once made.
 *
 * Numbers that are stored with answers never change their meaning:
 *   facet slot   0..7, the column f1..f8 and the tally facet SURVEY_FACET_FIRST + slot. A facet
 * that is taken off the survey keeps its slot (active = false) and is still counted, so it can come
 * back whole. question n   1, 2, 3 ... in the order in which questions first appeared; the tally
 * facet is SURVEY_FACET_QUESTION + n. A question taken off keeps its number (active = false).
 *   option number  1, 2, 3 ... within its question, likewise.
 */
#ifndef NPSD_DOMAIN_SURVEY_H
#define NPSD_DOMAIN_SURVEY_H

#include "npsd/domain/nps.h"
#include "npsd/domain/slots.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SURVEY_QUESTIONS_MAX = 5, /* active ones */
    SURVEY_FACETS_MAX = 8,    /* over the life of the survey */
    SURVEY_OPTIONS_MAX = 50,  /* active ones of a question */
    SURVEY_LANGUAGES_MAX = 20,
    SURVEY_TEXT_MAX = 500, /* code points */
    SURVEY_NAME_MAX = 32,
    SURVEY_SLUG_MAX = 64,
    SURVEY_BRAND_NAME_MAX = 60, /* code points */
    SURVEY_LOGO_MAX = 48 * 1024 /* bytes of the picture */
};

/* The value of a question that stands for any answer (option numbers begin at 1). */
enum { SURVEY_VALUE_ANSWERED = 0 };

/* Tally facets. */
enum {
    SURVEY_FACET_TOTAL = 0,
    SURVEY_FACET_CHANNEL = 1,
    SURVEY_FACET_AGENT = 2,
    SURVEY_FACET_FIRST = 3,    /* .. 10: the survey's own facets by slot */
    SURVEY_FACET_QUESTION = 10 /* + question n, so 11 and up */
};

/* Total, channel and questions have tallies of quarter hours, hours, days, months and years; agent
 * and facets, which have many values, of six hours, days, months and years. */
static inline enum slot_level survey_facet_finest(int facet)
{
    bool few_values = facet == SURVEY_FACET_TOTAL || facet == SURVEY_FACET_CHANNEL ||
                      facet > SURVEY_FACET_QUESTION;
    return few_values ? SLOT_QUARTER : SLOT_SIX_HOURS;
}

enum survey_access { SURVEY_OPEN, SURVEY_LINK, SURVEY_KEY };
enum question_type {
    QUESTION_NPS,
    QUESTION_SCALE,
    QUESTION_YES_NO,
    QUESTION_CHOICE,
    QUESTION_CHOICES,
    QUESTION_TEXT
};

struct survey_text {
    const char *language;
    const char *text;
};

/* The same text in several languages, in the order given. */
struct survey_texts {
    const struct survey_text *items;
    size_t count;
};

struct survey_option {
    const char *id;
    int number; /* 0 until stored */
    bool active;
    struct survey_texts text;
};

struct survey_question {
    const char *id;
    int n; /* 0 until stored */
    bool active;
    enum question_type type;
    int min, max; /* of a scale */
    unsigned ask; /* bit 1 << enum nps_group; all bits: everybody */
    struct survey_texts text;
    struct survey_texts
        text_by_group[NPS_GROUPS];       /* instead of text, for one group; may be empty */
    const struct survey_option *options; /* active and retired */
    size_t option_count;
};

/* What the survey's pages look like. NULL: what npsd's own pages have. */
struct survey_brand {
    const char *name;
    const char *colour;    /* "#00aa77" */
    const char *logo;      /* a data URI: "data:image/png;base64,..." */
    const char *logo_hash; /* begin of the logo's SHA-256, in hex; NULL without one */
};

struct survey_facet {
    const char *name;
    bool active;
};

struct survey {
    int32_t id;       /* survey_id in the database; 0 until stored */
    const char *slug; /* the id that clients know */
    struct survey_texts title;
    const char *time_zone;
    enum survey_access access;
    bool open;
    bool badge_public;
    bool suspects_excluded; /* answers with marks are set aside instead of counted */
    int min_responses;
    int edit_minutes;
    int keep_text_days; /* 0: for ever */
    struct survey_brand brand;
    struct survey_facet facets[SURVEY_FACETS_MAX]; /* by slot */
    size_t facet_count;
    const struct survey_question
        *questions; /* active ones in the order asked (the first is the score), then retired ones */
    size_t question_count;
    int64_t created_us, updated_us;
};

/*
 * Whether a survey that was read from somewhere is what npsd makes, as far as the rest relies on
 * it: a slug; names of facets; one to SURVEY_QUESTIONS_MAX active questions before the retired
 * ones, the first of them, and no other, for the score; questions and options with names and
 * numbers of their own; bounds of scales; no more active options than SURVEY_OPTIONS_MAX. Texts may
 * be missing.
 */
bool survey_is_sound(const struct survey *survey);

const char *survey_access_name(enum survey_access access);
bool survey_access_parse(const char *name, size_t len, enum survey_access *ret_access);
const char *question_type_name(enum question_type type);
bool question_type_parse(const char *name, size_t len, enum question_type *ret_type);

/* NULL if there is no such active question, or option of it. The score question is found too. */
const struct survey_question *survey_question(const struct survey *survey, const char *id);
const struct survey_option *question_option(const struct survey_question *question, const char *id);
/* Of active and retired options, NULL if none has this number. */
const struct survey_option *question_option_numbered(const struct survey_question *question,
                                                     int number);
/* The slot of an active facet, or -1. */
int survey_facet_slot(const struct survey *survey, const char *name);
/* The tally facet of "channel", "agent" or an active facet, or -1. */
int survey_facet_tallied(const struct survey *survey, const char *name);
/* True for types whose answers are counted by answer: scale, yes_no, choice, choices. */
bool question_is_counted(const struct survey_question *question);
/* True for types of which SURVEY_VALUE_ANSWERED counts who answered: choices, whose answers may be
 * several, and text. Of the others each has one value. */
bool question_has_answered(const struct survey_question *question);

#endif
