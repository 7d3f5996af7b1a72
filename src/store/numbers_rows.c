#include "numbers_parts.h"

#include "npsd/base/buf.h"
#include "npsd/db/array.h"

const char *const numbers_columns[NUMBERS_FACETS] = {NULL, "channel", "agent", "f1", "f2", "f3",
                                                     "f4", "f5",      "f6",    "f7", "f8"};

/*
 * What is asked of rows: $1 survey, $2 facet, $3 to $5 pieces, then a value for each filter, and
 * names and texts that properties must have. The statement has only the columns that are asked for,
 * so that any plan of it goes by the index of the rarest.
 */
struct row_question {
    struct buf sql, types;
    struct db_param params[5 + NUMBER_FILTERS_MAX + 2];
    size_t count;
    struct buf pieces, from, to, names, texts;
};

static void add_param(struct row_question *question, const char *type, struct db_param param)
{
    buf_printf(&question->types, " %s", type);
    question->params[question->count++] = param;
}

static void ask_pieces(struct row_question *question, struct arena *arena,
                       const struct pieces *pieces)
{
    question->pieces = db_array_begin(arena, DB_ARRAY_INT4, pieces->count);
    question->from = db_array_begin(arena, DB_ARRAY_TIMESTAMPTZ, pieces->count);
    question->to = db_array_begin(arena, DB_ARRAY_TIMESTAMPTZ, pieces->count);
    for (size_t p = 0; p < pieces->count; p++) {
        db_array_int4(&question->pieces, (int32_t)p);
        db_array_time(&question->from, pieces->spans[p].from_us);
        db_array_time(&question->to, pieces->spans[p].to_us);
    }
    add_param(question, "int4[]", P_BUF(&question->pieces));
    add_param(question, "timestamptz[]", P_BUF(&question->from));
    add_param(question, "timestamptz[]", P_BUF(&question->to));
}

/* The cuts of a row that are asked for: the total and, but for facet 0, the values of $2. */
static void ask_cuts(struct row_question *question, int facet)
{
    buf_text(&question->sql, " cross join lateral (select 0::int2 as facet, 0 as value");
    if (facet > SURVEY_FACET_QUESTION)
        buf_text(&question->sql, " union all select $2, value from (" VALUES_ANSWERED ") a");
    else if (facet != SURVEY_FACET_TOTAL)
        buf_printf(&question->sql, " union all select $2, r.%s where r.%s is not null",
                   numbers_columns[facet], numbers_columns[facet]);
    buf_text(&question->sql, ") cut");
}

static void ask_values(struct row_question *question, const struct number_query *query)
{
    for (size_t i = 0; i < query->filter_count; i++) {
        add_param(question, "int4", P_INT4(query->filters[i].value));
        buf_printf(&question->sql, " and r.%s = $%zu", numbers_columns[query->filters[i].facet],
                   question->count);
    }
}

static void ask_texts(struct row_question *question, struct arena *arena,
                      const struct number_query *query)
{
    size_t texts = 0;
    for (size_t i = 0; i < query->filter_count; i++)
        texts += query->filters[i].text != NULL;
    if (texts == 0)
        return;

    question->names = db_array_begin(arena, DB_ARRAY_TEXT, texts);
    question->texts = db_array_begin(arena, DB_ARRAY_TEXT, texts);
    for (size_t i = 0; i < query->filter_count; i++)
        if (query->filters[i].text) {
            db_array_text(&question->names, query->filters[i].name);
            db_array_text(&question->texts, query->filters[i].text);
        }
    add_param(question, "text[]", P_BUF(&question->names));
    add_param(question, "text[]", P_BUF(&question->texts));
    buf_printf(&question->sql, " and r.properties @> jsonb_object($%zu, $%zu)", question->count - 1,
               question->count);
}

/* clang-format off */
static enum db_status ask_rows(struct pg *pg, struct arena *arena, const struct number_query *query,
                               int facet, const struct pieces *pieces,
                               struct db_result **ret_result)
{
    struct row_question question = {.sql = buf_make(arena, 2048), .types = buf_make(arena, 128)};

    add_param(&question, "int4", P_INT4(query->survey_id));
    add_param(&question, "int2", P_INT2(facet));
    ask_pieces(&question, arena, pieces);
    if (facet > SURVEY_FACET_QUESTION)
        buf_text(&question.sql, "with" KNOWN_ANSWERS);
    buf_text(&question.sql,
             " select facet, value, piece, array[" COUNTERS(COUNTER_TOTAL) "] from ("
             "  select facet, value, piece, " COUNTERS(COUNTER_OF_ROW) " from ("
             "   select cut.facet, cut.value, p.piece, cut.score, cut.n"
             "   from unnest($3, $4, $5) p (piece, from_at, to_at) cross join lateral ("
             "    select cut.facet, cut.value, r.score, count(*)::int4 as n from response r");
    ask_cuts(&question, facet);
    buf_text(&question.sql, " where r.survey_id = $1 and r.answered_at >= p.from_at"
                            " and r.answered_at < p.to_at and not r.excluded");
    ask_values(&question, query);
    ask_texts(&question, arena, query);
    buf_text(&question.sql, " group by 1, 2, 3) cut) scored) counted"
                            " group by 1, 2, 3 order by 1, 2");

    struct db_stmt stmt = {"numbers_rows", question.types.data, NUMBER_COLUMNS, question.sql.data};
    return pg_exec_unprepared(pg, &stmt, question.params, question.count, ret_result);
}
/* clang-format on */

/* Rows are read piece by piece whatever their length, so slots are of no use. */
static struct number_plan plan_rows(struct arena *arena, const struct number_query *query)
{
    return (struct number_plan){.pieces = numbers_pieces(arena, query, 0)};
}

enum db_status numbers_rows(struct pg *pg, struct arena *arena, const struct number_query *query,
                            struct nps_counts *ret_counts)
{
    struct number_plan plan = plan_rows(arena, query);
    DB_RESULT sums = NULL;
    enum db_status status = ask_rows(pg, arena, query, SURVEY_FACET_TOTAL, &plan.pieces, &sums);

    if (status == DB_OK)
        numbers_read_one(arena, &plan, sums, ret_counts);
    return status;
}

enum db_status numbers_rows_values(struct pg *pg, struct arena *arena,
                                   const struct number_query *query, int facet,
                                   struct number_values *ret_values)
{
    struct number_plan plan = plan_rows(arena, query);
    DB_RESULT sums = NULL;
    enum db_status status = ask_rows(pg, arena, query, facet, &plan.pieces, &sums);

    if (status == DB_OK)
        *ret_values = numbers_read_values(arena, &plan, sums);
    return status;
}
