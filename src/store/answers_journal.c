#include "npsd/store/answers_journal.h"

#include "npsd/base/text.h"
#include "npsd/db/array.h"
#include "npsd/domain/slots.h"

#include <string.h>

/* --- the cuts of an answer --- */

struct cuts {
    int64_t *items;
    size_t count;
};

static void add_cut(struct cuts *cuts, int facet, int32_t value)
{
    if (value != ANSWER_UNSET)
        cuts->items[cuts->count++] = answer_cut(facet, value);
}

static size_t cuts_room(const struct answer_row *row)
{
    return 3 + SURVEY_FACETS_MAX + row->question_cut_count;
}

static struct cuts row_cuts(struct arena *arena, const struct answer_row *row)
{
    struct cuts cuts = {.items = arena_alloc(arena, cuts_room(row) * sizeof *cuts.items)};
    add_cut(&cuts, SURVEY_FACET_TOTAL, 0);
    add_cut(&cuts, SURVEY_FACET_CHANNEL, (int32_t)row->channel);
    add_cut(&cuts, SURVEY_FACET_AGENT, row->agent);
    for (int slot = 0; slot < SURVEY_FACETS_MAX; slot++)
        add_cut(&cuts, SURVEY_FACET_FIRST + slot, row->facets[slot]);
    for (size_t i = 0; i < row->question_cut_count; i++)
        cuts.items[cuts.count++] = row->question_cuts[i];
    return cuts;
}

const char *answers_cuts_text(struct arena *arena, const struct answer_row *row)
{
    const struct cuts cuts = row_cuts(arena, row);
    struct buf text = buf_make(arena, 2 + cuts.count * 20);
    buf_char(&text, '{');
    for (size_t i = 0; i < cuts.count; i++)
        buf_printf(&text, i ? ",%lld" : "%lld", (long long)cuts.items[i]);
    buf_char(&text, '}');
    return text.data;
}

void answers_journal_of_each(struct arena *arena, const struct answer_row *const *rows,
                             size_t count, struct db_param params[static 2])
{
    struct buf slots = db_array_begin(arena, DB_ARRAY_INT4, count);
    struct buf cuts = db_array_begin(arena, DB_ARRAY_TEXT, count);
    for (size_t i = 0; i < count; i++) {
        db_array_int4(&slots, slot_of(SLOT_QUARTER, rows[i]->answered_us));
        db_array_text(&cuts, rows[i]->set_aside ? "{}" : answers_cuts_text(arena, rows[i]));
    }
    params[0] = P_BUF(&slots);
    params[1] = P_BUF(&cuts);
}

/* --- the journal of a batch --- */

/* How many answers gave a score in a cut; the cells of an entry are linked. */
struct cell {
    int64_t cut;
    size_t entry, next; /* numbers of an entry and a cell; NO_NEXT: the last */
    int score;
    int32_t weight;
};

/* A journal row. */
struct entry {
    int32_t survey_id, slot;
    size_t first; /* of its cells */
};

#define NO_NEXT SIZE_MAX

/* An open hash table of numbers. */
struct table {
    uint32_t *places; /* 0: free, else number + 1 */
    size_t mask;
};

struct journal {
    struct table entry_table, cell_table;
    struct entry *entries;
    struct cell *cells;
    size_t entry_count, cell_count;
};

static struct table make_table(struct arena *arena, size_t count)
{
    size_t size = 16;
    while (size < 2 * count)
        size *= 2;
    return (struct table){arena_calloc(arena, size, sizeof(uint32_t)), size - 1};
}

/* Of two words, so that the low bits depend on all of both. */
static size_t hash_of(uint64_t a, uint64_t b)
{
    uint64_t hash = (a ^ b * UINT64_C(0x9E3779B97F4A7C15)) * UINT64_C(0xBF58476D1CE4E5B9);
    return (size_t)(hash ^ hash >> 32);
}

static size_t find_entry(struct journal *journal, int32_t survey_id, int32_t slot)
{
    struct table *table = &journal->entry_table;
    size_t place = hash_of((uint32_t)survey_id, (uint32_t)slot) & table->mask;
    for (; table->places[place]; place = (place + 1) & table->mask) {
        const struct entry *entry = &journal->entries[table->places[place] - 1];
        if (entry->survey_id == survey_id && entry->slot == slot)
            return table->places[place] - 1;
    }
    journal->entries[journal->entry_count++] = (struct entry){survey_id, slot, NO_NEXT};
    table->places[place] = (uint32_t)journal->entry_count;
    return journal->entry_count - 1;
}

static void count_cell(struct journal *journal, size_t entry, int64_t cut, int score)
{
    struct table *table = &journal->cell_table;
    size_t place = hash_of((uint64_t)cut, entry << 4 | (unsigned)score) & table->mask;
    for (; table->places[place]; place = (place + 1) & table->mask) {
        struct cell *cell = &journal->cells[table->places[place] - 1];
        if (cell->entry == entry && cell->cut == cut && cell->score == score) {
            cell->weight++;
            return;
        }
    }
    journal->cells[journal->cell_count] =
        (struct cell){cut, entry, journal->entries[entry].first, score, 1};
    journal->entries[entry].first = journal->cell_count++;
    table->places[place] = (uint32_t)journal->cell_count;
}

static struct journal count_rows(struct arena *arena, const struct answer_row *const *rows,
                                 size_t count)
{
    size_t room = 0;
    for (size_t i = 0; i < count; i++)
        room += cuts_room(rows[i]);
    struct journal journal = {.entry_table = make_table(arena, count),
                              .cell_table = make_table(arena, room),
                              .entries = arena_alloc(arena, count * sizeof(struct entry)),
                              .cells = arena_alloc(arena, room * sizeof(struct cell))};
    for (size_t i = 0; i < count; i++) {
        if (rows[i]->set_aside)
            continue;
        int32_t slot = slot_of(SLOT_QUARTER, rows[i]->answered_us);
        size_t entry = find_entry(&journal, rows[i]->survey_id, slot);
        const struct cuts cuts = row_cuts(arena, rows[i]);
        for (size_t c = 0; c < cuts.count; c++)
            count_cell(&journal, entry, cuts.items[c], rows[i]->score);
    }
    return journal;
}

struct cell_arrays {
    struct buf cuts, scores, weights;
};

/* The cells of an entry; returns how many. */
static int32_t add_cells(struct cell_arrays *arrays, const struct journal *journal,
                         const struct entry *entry)
{
    int32_t added = 0;
    for (size_t i = entry->first; i != NO_NEXT; i = journal->cells[i].next) {
        const struct cell *cell = &journal->cells[i];
        db_array_int8(&arrays->cuts, cell->cut);
        db_array_int2(&arrays->scores, (int16_t)cell->score);
        db_array_int4(&arrays->weights, cell->weight);
        added++;
    }
    return added;
}

void answers_journal(struct arena *arena, const struct answer_row *const *rows, size_t count,
                     struct db_param params[static JOURNAL_COLUMNS])
{
    const struct journal journal = count_rows(arena, rows, count);
    struct buf surveys = db_array_begin(arena, DB_ARRAY_INT4, journal.entry_count);
    struct buf slots = db_array_begin(arena, DB_ARRAY_INT4, journal.entry_count);
    struct buf firsts = db_array_begin(arena, DB_ARRAY_INT4, journal.entry_count);
    struct buf lasts = db_array_begin(arena, DB_ARRAY_INT4, journal.entry_count);
    struct cell_arrays cells = {
        .cuts = db_array_begin(arena, DB_ARRAY_INT8, journal.cell_count),
        .scores = db_array_begin(arena, DB_ARRAY_INT2, journal.cell_count),
        .weights = db_array_begin(arena, DB_ARRAY_INT4, journal.cell_count),
    };
    for (size_t i = 0, before = 0; i < journal.entry_count; i++) {
        int32_t added = add_cells(&cells, &journal, &journal.entries[i]);
        db_array_int4(&surveys, journal.entries[i].survey_id);
        db_array_int4(&slots, journal.entries[i].slot);
        db_array_int4(&firsts, (int32_t)before + 1);
        db_array_int4(&lasts, (int32_t)before + added);
        before += (size_t)added;
    }
    const struct buf *const arrays[JOURNAL_COLUMNS] = {
        &surveys, &slots, &firsts, &lasts, &cells.cuts, &cells.scores, &cells.weights};
    for (int i = 0; i < JOURNAL_COLUMNS; i++)
        params[i] = P_BUF(arrays[i]);
}
