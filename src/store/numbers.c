#include "numbers_parts.h"

#include <string.h>

#define OF_FACETS(stmts)                                                                           \
    &(stmts)[0], &(stmts)[1], &(stmts)[2], &(stmts)[3], &(stmts)[4], &(stmts)[5], &(stmts)[6],     \
        &(stmts)[7], &(stmts)[8], &(stmts)[9], &(stmts)[10]

const struct db_stmt *const numbers_statements[] = {OF_FACETS(numbers_one),
                                                    OF_FACETS(numbers_series),
                                                    OF_FACETS(numbers_values), &numbers_ends, NULL};

_Static_assert(NUMBERS_FACETS == 11, "a statement for every facet");

enum db_status numbers_count_seen(struct pg *pg, struct arena *arena,
                                  const struct number_query *query, struct nps_counts *ret_counts,
                                  struct number_seen *ret_seen)
{
    const struct number_filter *filter = query->filters;

    *ret_seen = (struct number_seen){.facet = SURVEY_FACET_TOTAL};
    if (query->filter_count == 1 && !filter->text)
        *ret_seen = (struct number_seen){.facet = filter->facet, .value = filter->value};
    else if (query->filter_count > 0)
        return numbers_rows(pg, arena, query, ret_counts);
    return numbers_tally(pg, arena, query, ret_counts, ret_seen);
}

enum db_status numbers_count(struct pg *pg, struct arena *arena, const struct number_query *query,
                             struct nps_counts *ret_counts)
{
    struct number_seen seen;

    return numbers_count_seen(pg, arena, query, ret_counts, &seen);
}

static const struct number_filter *filter_of(const struct number_query *query, int facet)
{
    for (size_t i = 0; i < query->filter_count; i++)
        if (query->filters[i].facet == facet)
            return &query->filters[i];
    return NULL;
}

/* All answers have that value. */
static enum db_status break_one(struct pg *pg, struct arena *arena,
                                const struct number_query *query, int32_t value,
                                struct number_values *ret_values)
{
    struct nps_counts *total = arena_calloc(arena, query->window_count + 1, sizeof(*total));
    enum db_status status = numbers_count(pg, arena, query, total);

    if (status == DB_OK)
        *ret_values = numbers_only(arena, value, total, query->window_count);
    return status;
}

enum db_status numbers_break(struct pg *pg, struct arena *arena, const struct number_query *query,
                             int facet, struct nps_counts **ret_total,
                             struct number_value **ret_values, size_t *ret_count)
{
    const struct number_filter *same = filter_of(query, facet);
    struct number_values values;
    enum db_status status;

    if (same)
        status = break_one(pg, arena, query, same->value, &values);
    else if (query->filter_count == 0)
        status = numbers_tally_values(pg, arena, query, facet, &values);
    else
        status = numbers_rows_values(pg, arena, query, facet, &values);
    if (status == DB_OK) {
        *ret_total = values.total;
        *ret_values = values.values;
        *ret_count = values.count;
    }
    return status;
}
