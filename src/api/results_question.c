#include "npsd/api/results.h"

#include "npsd/api/cut.h"
#include "npsd/api/world.h"

struct distribution {
    struct inquiry asked;
    const struct survey_question *question;
    struct cut cut;
    struct nps_counts total, answered;
    struct cut_value *values; /* in the order of the question */
    size_t count;
};

/* --- the values of a question --- */

static const struct nps_counts nobody;

static void add_value(struct distribution *d, int32_t number, const char *text)
{
    d->values[d->count++] = (struct cut_value){number, text, &nobody};
}

/* Those that can be chosen now. */
static void list_values(struct distribution *d)
{
    const struct survey_question *question = d->question;

    if (question->type == QUESTION_SCALE)
        for (int value = question->min; value <= question->max; value++)
            add_value(d, value, NULL);
    if (question->type == QUESTION_YES_NO) {
        add_value(d, 1, NULL);
        add_value(d, 0, NULL);
    }
    for (size_t i = 0; i < question->option_count; i++)
        if (question->options[i].active)
            add_value(d, question->options[i].number, question->options[i].id);
}

static struct cut_value *find_value(struct distribution *d, int32_t number)
{
    for (size_t i = 0; i < d->count; i++)
        if (d->values[i].number == number)
            return &d->values[i];
    return NULL;
}

/* What was chosen once and cannot be any more comes last. */
static void take_counts(struct distribution *d, struct arena *arena,
                        const struct cut_counts *counts)
{
    enum { SCALE_VALUES = NPS_SCORES };
    size_t room = SCALE_VALUES + d->question->option_count + counts->count;

    d->values = arena_calloc(arena, room, sizeof(*d->values));
    d->count = 0;
    list_values(d);
    for (size_t i = 0; i < counts->count; i++) {
        struct cut_value *value = find_value(d, counts->values[i].number);
        if (!value)
            value = &d->values[d->count++];
        *value = counts->values[i];
    }
}

/* --- counting --- */

static enum db_status count_answers(const struct call *call, struct distribution *d,
                                    const struct number_query *numbers)
{
    struct cut_counts counts;
    enum db_status status = cut_count(call, &d->cut, numbers, &counts);

    if (status != DB_OK)
        return status;
    take_counts(d, call->arena, &counts);
    d->total = counts.total[0];
    d->answered = counts.answered ? counts.answered[0] : nobody;
    for (size_t i = 0; i < counts.count && !counts.answered; i++)
        nps_counts_add(&d->answered, counts.values[i].counts);
    return DB_OK;
}

/* Everybody has given a score, so the window's counts say it all. */
static enum db_status count_scores(const struct call *call, struct distribution *d,
                                   const struct number_query *numbers)
{
    enum db_status status = numbers_count(call->db, call->arena, numbers, &d->total);
    if (status != DB_OK)
        return status;
    struct nps_counts *each = arena_calloc(call->arena, NPS_SCORES, sizeof(*each));
    d->values = arena_calloc(call->arena, NPS_SCORES, sizeof(*d->values));
    d->count = 0;
    for (int score = 0; score < NPS_SCORES; score++) {
        each[score].score[score] = d->total.score[score];
        d->values[d->count++] = (struct cut_value){score, NULL, &each[score]};
    }
    d->answered = d->total;
    return DB_OK;
}

static enum db_status count(const struct call *call, struct inquiry *inquiry,
                            struct problem_errors *errors)
{
    struct distribution *d = (struct distribution *)inquiry;
    struct number_query numbers = inquiry_numbers(inquiry, &inquiry->choice.window, 1);

    (void)errors;
    if (d->question->type == QUESTION_NPS)
        return count_scores(call, d, &numbers);
    return count_answers(call, d, &numbers);
}

/* --- writing --- */

static void write_group(struct json_writer *w, enum nps_group group, int64_t responses,
                        int64_t answered)
{
    json_object_begin(w, nps_group_name(group));
    json_put_int(w, "responses", responses);
    json_put_int(w, "answered", answered);
    json_object_end(w);
}

static void write_groups(struct json_writer *w, const struct nps_result *all,
                         const struct nps_result *answered)
{
    json_object_begin(w, "groups");
    write_group(w, NPS_PROMOTER, all->promoters, answered->promoters);
    write_group(w, NPS_NEUTRAL, all->neutrals, answered->neutrals);
    write_group(w, NPS_CRITIC, all->critics, answered->critics);
    json_object_end(w);
}

static void write_value(struct json_writer *w, const struct distribution *d,
                        const struct cut_value *value, const struct nps_result *answered)
{
    struct nps_result result = nps_compute(value->counts);

    json_object_begin(w, NULL);
    cut_write_value(w, "value", &d->cut, value);
    json_put_int(w, "answered", result.responses);
    results_write_share(w, "share", result.responses, answered->responses);
    json_put_int(w, "promoters", result.promoters);
    results_write_share(w, "promoter_share", result.promoters, answered->promoters);
    json_put_int(w, "neutrals", result.neutrals);
    results_write_share(w, "neutral_share", result.neutrals, answered->neutrals);
    json_put_int(w, "critics", result.critics);
    results_write_share(w, "critic_share", result.critics, answered->critics);
    json_object_end(w);
}

static void write_mean(struct json_writer *w, const struct distribution *d, int64_t answered)
{
    int64_t sum = 0;

    for (size_t i = 0; i < d->count; i++)
        sum += d->values[i].number * nps_compute(d->values[i].counts).responses;
    results_write_number(w, "mean", answered > 0, answered > 0 ? nps_mean(sum, answered) : 0);
}

static void write_body(struct json_writer *w, const struct inquiry *inquiry)
{
    const struct distribution *d = (const struct distribution *)inquiry;
    struct nps_result all = nps_compute(&d->total), answered = nps_compute(&d->answered);

    json_object_begin(w, NULL);
    results_write_head(w, inquiry);
    json_put_text(w, "question", d->question->id);
    json_put_text(w, "type", question_type_name(d->question->type));
    json_put_int(w, "responses", all.responses);
    json_put_int(w, "answered", answered.responses);
    if (d->question->type == QUESTION_SCALE)
        write_mean(w, d, answered.responses);
    write_groups(w, &all, &answered);
    if (d->question->type != QUESTION_TEXT) {
        json_array_begin(w, "values");
        for (size_t i = 0; i < d->count; i++)
            write_value(w, d, &d->values[i], &answered);
        json_array_end(w);
    }
    json_object_end(w);
}

struct reply results_question(struct call *call)
{
    static const char *const parameters[] = {WINDOW_QUERY_NAMES, NULL};
    static const struct inquiry_kind kind = {parameters, NULL, count, write_body};
    struct distribution d = {.question =
                                 survey_question(call_identity(call)->survey, call->params[1])};

    if (!d.question)
        return reply_problem(call, PROBLEM_NOT_FOUND, "The survey has no such question.");
    d.cut = cut_by_question(d.question);
    return inquiry_reply(call, &kind, &d.asked);
}
