#include "npsd/spool/spool.h"
#include "npsd/base/clock.h"
#include "npsd/base/text.h"
#include "npsd/cli/cli.h"
#include "npsd/json/write.h"

#include <stdio.h>
#include <string.h>

static const char usage[] =
    "usage: npsd spool [show]\n"
    "       npsd spool conflicts\n"
    "       npsd spool retry NUMBER\n"
    "       npsd spool discard NUMBER\n\n"
    "Looks into NPSD_SPOOL, also while the daemon runs.\n\n"
    "  show        how many answers wait for PostgreSQL, and how many are kept aside\n"
    "  conflicts   those kept aside, as NDJSON with their number and the reason:\n"
    "              key-reused      another answer was first with the same key\n"
    "              erased          another answer with the same key was erased\n"
    "              refused         PostgreSQL does not take a value of it\n"
    "              survey-unknown  its survey was deleted\n"
    "              unreadable      the file was changed by somebody else\n"
    "  retry       puts one back into the queue, after its reason has gone\n"
    "  discard     deletes one for good\n";

static int misused(const char *what)
{
    fprintf(stderr, "npsd spool: %s (see npsd spool --help)\n", what);
    return CLI_USAGE;
}

static int broken(struct spool *spool)
{
    char error[SPOOL_ERROR_SIZE];
    fprintf(stderr, "npsd spool: %s\n", spool_error(spool, error));
    return CLI_REFUSED;
}

static int show(const struct spool *spool)
{
    const struct spool_state state = spool_state(spool);
    char text[CLOCK_TEXT_SIZE];
    printf("waiting    %lld\n", (long long)state.waiting);
    if (state.waiting > 0)
        printf("oldest     %s\n", clock_format(state.oldest_us, text));
    printf("conflicts  %lld\nbytes      %lld\n", (long long)state.conflicts,
           (long long)state.bytes);
    return CLI_OK;
}

static void put_json(struct json_writer *w, const char *name, const char *json, size_t len)
{
    if (json)
        json_put_raw(w, name, json, len);
    else
        json_put_raw(w, name, "{}", 2);
}

static const char *agent_of(const struct spool_answer *answer)
{
    for (size_t i = 0; i < answer->facet_count; i++)
        if (answer->facets[i].facet == SURVEY_FACET_AGENT)
            return answer->facets[i].value;
    return NULL;
}

static void write_answer(struct json_writer *w, const struct spool_answer *answer)
{
    const struct answer_row *row = &answer->row;
    char id[UUID_TEXT_SIZE];
    json_put_text(w, "id", uuid_format(&row->id, id));
    json_put_int(w, "survey_id", row->survey_id);
    json_put_int(w, "score", row->score);
    put_json(w, "answers", row->answers, row->answers_len);
    json_put_text(w, "channel", channel_name(row->channel));
    json_put_text(w, "agent", agent_of(answer));
    json_put_text(w, "language", row->language);
    json_put_text(w, "respondent", row->respondent);
    json_put_text(w, "external_id", row->external_id);
    put_json(w, "properties", row->properties, row->properties_len);
    json_put_time(w, "answered_at", row->answered_us);
    json_put_time(w, "received_at", row->received_us);
}

static bool print_conflict(void *context, const struct spool_conflict *conflict)
{
    struct arena *arena = context;
    struct json_writer w = json_writer(arena);
    json_object_begin(&w, NULL);
    json_put_int(&w, "number", conflict->answer.seq);
    json_put_text(&w, "reason", conflict->reason);
    json_put_time(&w, "kept_aside_at", conflict->at_us);
    if (!conflict->answer.unreadable)
        write_answer(&w, &conflict->answer);
    json_object_end(&w);
    puts(w.buf.data);
    arena_reset(arena);
    return !ferror(stdout);
}

static int print_conflicts(struct spool *spool)
{
    struct arena arena;
    arena_init(&arena, 4096);
    enum spool_status status = spool_each_conflict(spool, print_conflict, &arena);
    arena_done(&arena);
    return status == SPOOL_OK ? CLI_OK : broken(spool);
}

static int end_conflict(struct spool *spool, const char *what, const char *word)
{
    int64_t number;
    bool found = false;
    if (!text_to_number(word, strlen(word), 1, INT64_MAX, &number))
        return misused("the number of a conflict is wanted");
    enum spool_status status = strcmp(what, "retry") == 0
                                   ? spool_retry_conflict(spool, number, &found)
                                   : spool_forget_conflict(spool, number, &found);
    if (status != SPOOL_OK)
        return broken(spool);
    if (found)
        return CLI_OK;
    fprintf(stderr, "npsd spool: there is no conflict %s that this can be done with\n", word);
    return CLI_REFUSED;
}

static int run(int argc, char **argv, struct spool *spool)
{
    const char *what = argc > 1 ? argv[1] : "show";
    if (strcmp(what, "show") == 0 && argc <= 2)
        return show(spool);
    if (strcmp(what, "conflicts") == 0 && argc == 2)
        return print_conflicts(spool);
    if ((strcmp(what, "retry") == 0 || strcmp(what, "discard") == 0) && argc == 3)
        return end_conflict(spool, what, argv[2]);
    return misused("show, conflicts, retry NUMBER or discard NUMBER?");
}

int cli_spool(int argc, char **argv, const struct config *config)
{
    const struct spool_options options = {.path = config->spool};
    char error[SPOOL_ERROR_SIZE];
    struct spool *spool;
    if (cli_helped(argc, argv, usage))
        return CLI_OK;
    if (!*config->spool) {
        fprintf(stderr, "npsd spool: NPSD_SPOOL is empty: there is none\n");
        return CLI_REFUSED;
    }
    if (spool_open(&options, &spool, error) != SPOOL_OK) {
        fprintf(stderr, "npsd spool: %s\n", error);
        return CLI_REFUSED;
    }
    int status = run(argc, argv, spool);
    spool_close(spool);
    return status;
}
