#include "support/unit_spool.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char unit_spool_folder[40], unit_spool_path[64];
struct arena unit_spool_arena;
struct spool *unit_spool;

enum spool_status unit_spool_open(int64_t max_bytes, struct spool **ret_spool)
{
    char error[SPOOL_ERROR_SIZE] = "";
    const struct spool_options options = {unit_spool_path, max_bytes};
    enum spool_status status = spool_open(&options, ret_spool, error);
    ck_assert_int_eq(*error != '\0', status != SPOOL_OK);
    return status;
}

void unit_spool_reopen(int64_t max_bytes)
{
    spool_close(unit_spool);
    unit_spool = NULL;
    ck_assert_int_eq(unit_spool_open(max_bytes, &unit_spool), SPOOL_OK);
}

void unit_spool_setup(void)
{
    snprintf(unit_spool_folder, sizeof unit_spool_folder, "/tmp/npsd-spool.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(unit_spool_folder));
    snprintf(unit_spool_path, sizeof unit_spool_path, "%s/var/spool.db", unit_spool_folder);
    arena_init(&unit_spool_arena, 4096);
    unit_spool = NULL;
    unit_spool_reopen(UNIT_SPOOL_MB);
}

void unit_spool_teardown(void)
{
    char command[80];
    spool_close(unit_spool);
    arena_done(&unit_spool_arena);
    snprintf(command, sizeof command, "rm -rf -- %s", unit_spool_folder);
    ck_assert_int_eq(system(command), 0);
}

/* Number n with content c: all that an answer may have. */
struct spool_answer *unit_spool_answer(int n, int c)
{
    static const int64_t cuts[] = {11LL << 32, 12LL << 32 | 3};
    struct spool_answer *made = arena_calloc(&unit_spool_arena, 1, sizeof *made);
    made->row = (struct answer_row){.survey_id = 1 + n % 3,
                                    .answered_us = 1000000LL * n - 5,
                                    .received_us = 1000000LL * n + c,
                                    .score = n % 11,
                                    .channel = n % 9,
                                    .external_id = n % 2 ? "ext" : NULL,
                                    .language = n % 3 ? "ru" : NULL,
                                    .respondent = n % 5 ? "Ω" : NULL,
                                    .agent = ANSWER_UNSET};
    made->row.id = (struct uuid){{(uint8_t)(n >> 8), (uint8_t)n, 7}};
    memset(made->row.hash, c, sizeof made->row.hash);
    if (n % 4) {
        made->row.answers = arena_printf(&unit_spool_arena, "{\"why\":\"%d\"}", n);
        made->row.answers_len = strlen(made->row.answers);
        made->row.properties = "{\"branch\":\"north\"}";
        made->row.properties_len = strlen(made->row.properties);
        made->row.question_cuts = cuts;
        made->row.question_cut_count = 2;
        made->facets[made->facet_count++] = (struct spool_facet){SURVEY_FACET_AGENT, "Anna K"};
        made->facets[made->facet_count++] = (struct spool_facet){SURVEY_FACET_FIRST + 7, ""};
    }
    made->row.suspect = n % 6;
    made->row.set_aside = n % 7 == 0;
    for (int i = 0; i < SURVEY_FACETS_MAX; i++)
        made->row.facets[i] = ANSWER_UNSET;
    return made;
}

enum spool_met unit_spool_add(int n, int c)
{
    const struct spool_answer *one = unit_spool_answer(n, c);
    struct spool_found found;
    bool unknown;
    ck_assert_int_eq(spool_add(unit_spool, &one, 1, &found, &unknown), SPOOL_OK);
    ck_assert(!unknown);
    return found.met;
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

void unit_spool_same(const struct spool_answer *is, const struct spool_answer *was)
{
    ck_assert(!is->unreadable);
    ck_assert_int_eq(is->row.survey_id, was->row.survey_id);
    ck_assert_mem_eq(is->row.id.bytes, was->row.id.bytes, UUID_SIZE);
    ck_assert_mem_eq(is->row.hash, was->row.hash, sizeof is->row.hash);
    ck_assert_int_eq(is->row.answered_us, was->row.answered_us);
    ck_assert_int_eq(is->row.received_us, was->row.received_us);
    ck_assert_int_eq(is->row.score, was->row.score);
    ck_assert_int_eq(is->row.channel, was->row.channel);
    ck_assert_int_eq(is->row.suspect, was->row.suspect);
    ck_assert_int_eq(is->row.set_aside, was->row.set_aside);
    ck_assert_int_eq(is->row.agent, ANSWER_UNSET);
    ck_assert_mem_eq(is->row.facets, was->row.facets, sizeof is->row.facets);
    ck_assert(same_text(is->row.external_id, was->row.external_id));
    ck_assert(same_text(is->row.language, was->row.language));
    ck_assert(same_text(is->row.respondent, was->row.respondent));
    ck_assert(same_text(is->row.answers, was->row.answers));
    ck_assert(same_text(is->row.properties, was->row.properties));
    ck_assert_uint_eq(is->row.answers_len, was->row.answers_len);
    ck_assert_uint_eq(is->row.properties_len, was->row.properties_len);
    ck_assert_uint_eq(is->row.question_cut_count, was->row.question_cut_count);
    for (size_t i = 0; i < is->row.question_cut_count; i++)
        ck_assert_int_eq(is->row.question_cuts[i], was->row.question_cuts[i]);
    ck_assert_uint_eq(is->facet_count, was->facet_count);
    for (size_t i = 0; i < is->facet_count; i++) {
        ck_assert_int_eq(is->facets[i].facet, was->facets[i].facet);
        ck_assert_str_eq(is->facets[i].value, was->facets[i].value);
    }
}

struct spool_answer *unit_spool_peek(size_t max, size_t *ret_count)
{
    struct spool_answer *answers;
    ck_assert_int_eq(spool_peek(unit_spool, &unit_spool_arena, max, &answers, ret_count), SPOOL_OK);
    return answers;
}

void unit_spool_waiting(int64_t waiting, int64_t conflicts)
{
    struct spool_state state = spool_state(unit_spool);
    ck_assert_int_eq(state.waiting, waiting);
    ck_assert_int_eq(state.conflicts, conflicts);
}
