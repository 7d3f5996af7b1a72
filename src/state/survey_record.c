#include "npsd/json/read.h"
#include "npsd/json/survey.h"
#include "npsd/state/directory.h"

#include <stdlib.h>
#include <string.h>

enum { SCRATCH_BLOCK = 8192 - 64 };

/* --- from the record --- */

/* Documents are read into scratch, and what is kept of them copied. */

static bool read_title(struct arena *arena, struct arena *scratch, const char *text,
                       struct survey_texts *ret_title)
{
    json_auto_t *value = json_read_stored(scratch, text);
    return value && survey_texts_read_stored(arena, value, ret_title);
}

static bool read_brand(struct arena *arena, struct arena *scratch, const char *text,
                       struct survey_brand *ret_brand)
{
    json_auto_t *value = text ? json_read_stored(scratch, text) : NULL;
    return !text || (value && survey_brand_read_stored(arena, value, ret_brand));
}

static bool read_question(struct arena *arena, struct arena *scratch,
                          const struct question_record *record,
                          struct survey_question *ret_question)
{
    json_auto_t *value = json_read_stored(scratch, record->definition);
    if (!value || !survey_question_read_stored(arena, value, ret_question))
        return false;
    ret_question->id = arena_strdup(arena, record->id);
    ret_question->n = record->n;
    ret_question->active = record->position > 0;
    return true;
}

/* Active ones as they are asked, then retired ones by n. */
static int by_place(const void *a, const void *b)
{
    const struct question_record *first = a, *second = b;
    int first_place = first->position > 0 ? first->position : INT16_MAX;
    int second_place = second->position > 0 ? second->position : INT16_MAX;
    return first_place != second_place ? first_place - second_place : first->n - second->n;
}

static bool read_questions(struct arena *arena, struct arena *scratch,
                           const struct survey_record *record, struct survey *survey)
{
    size_t count = record->question_count;
    struct survey_question *questions = arena_calloc(arena, count, sizeof(*questions));
    struct question_record *sorted =
        arena_memdup(arena, record->questions, count * sizeof(*sorted));

    qsort(sorted, count, sizeof(*sorted), by_place);
    for (size_t i = 0; i < count; i++)
        if (!read_question(arena, scratch, &sorted[i], &questions[i]))
            return false;
    survey->questions = questions;
    survey->question_count = count;
    return true;
}

static struct survey *read_record(struct arena *arena, struct arena *scratch,
                                  const struct survey_record *record)
{
    struct survey *survey = arena_alloc(arena, sizeof(*survey));

    *survey = (struct survey){
        .id = record->id,
        .slug = arena_strdup(arena, record->slug),
        .time_zone = arena_strdup(arena, record->time_zone),
        .open = record->open,
        .badge_public = record->badge_public,
        .suspects_excluded = strcmp(record->suspects, "exclude") == 0,
        .min_responses = record->min_responses,
        .edit_minutes = record->edit_minutes,
        .keep_text_days = record->keep_text_days,
        .facet_count = record->facet_count,
        .created_us = record->created_us,
        .updated_us = record->updated_us,
    };
    for (size_t i = 0; i < record->facet_count; i++)
        survey->facets[i] = (struct survey_facet){arena_strdup(arena, record->facets[i].name),
                                                  record->facets[i].active};
    if (!survey_access_parse(record->access, strlen(record->access), &survey->access) ||
        !read_title(arena, scratch, record->title, &survey->title) ||
        !read_brand(arena, scratch, record->brand, &survey->brand) ||
        !read_questions(arena, scratch, record, survey))
        return NULL;
    return survey_is_sound(survey) ? survey : NULL;
}

struct survey *survey_from_record(struct arena *arena, const struct survey_record *record)
{
    struct arena scratch;
    arena_init(&scratch, SCRATCH_BLOCK);
    scratch.landing = arena->landing;
    struct survey *survey = read_record(arena, &scratch, record);
    arena_done(&scratch);
    return survey;
}

/* --- to the record --- */

static const char *title_text(struct arena *arena, const struct survey *survey)
{
    struct json_writer w = json_writer(arena);
    survey_texts_write(&w, NULL, &survey->title);
    return w.buf.data;
}

/* NULL: there is none. */
static const char *brand_text(struct arena *arena, const struct survey_brand *brand)
{
    if (!brand->name && !brand->colour && !brand->logo)
        return NULL;
    struct json_writer w = json_writer(arena);
    survey_brand_write(&w, NULL, brand);
    return w.buf.data;
}

static const char *definition_text(struct arena *arena, const struct survey_question *question)
{
    struct json_writer w = json_writer(arena);
    survey_question_write_stored(&w, question);
    return w.buf.data;
}

static struct question_record *question_records(struct arena *arena, const struct survey *survey)
{
    struct question_record *records = arena_calloc(arena, survey->question_count, sizeof(*records));

    for (size_t i = 0; i < survey->question_count; i++) {
        const struct survey_question *question = &survey->questions[i];
        records[i] = (struct question_record){
            .survey_id = survey->id,
            .n = question->n,
            .position = question->active ? (int)i + 1 : 0,
            .id = question->id,
            .definition = definition_text(arena, question),
        };
    }
    return records;
}

struct survey_record *survey_to_record(struct arena *arena, const struct survey *survey)
{
    struct survey_record *record = arena_alloc(arena, sizeof(*record));

    *record = (struct survey_record){
        .id = survey->id,
        .slug = survey->slug,
        .title = title_text(arena, survey),
        .brand = brand_text(arena, &survey->brand),
        .time_zone = survey->time_zone,
        .access = survey_access_name(survey->access),
        .open = survey->open,
        .badge_public = survey->badge_public,
        .suspects = survey->suspects_excluded ? "exclude" : "count",
        .min_responses = survey->min_responses,
        .edit_minutes = survey->edit_minutes,
        .keep_text_days = survey->keep_text_days,
        .facet_count = survey->facet_count,
        .created_us = survey->created_us,
        .updated_us = survey->updated_us,
        .questions = question_records(arena, survey),
        .question_count = survey->question_count,
    };
    memcpy(record->facets, survey->facets, sizeof(record->facets));
    return record;
}
