#include "survey_parts.h"

void survey_texts_write(struct json_writer *w, const char *name, const struct survey_texts *texts)
{
    json_object_begin(w, name);
    for (size_t i = 0; i < texts->count; i++)
        json_put_text(w, texts->items[i].language, texts->items[i].text);
    json_object_end(w);
}

void survey_text_by_group_write(struct json_writer *w, const struct survey_question *question)
{
    bool open = false;

    for (enum nps_group group = 0; group < NPS_GROUPS; group++) {
        const struct survey_texts *texts = &question->text_by_group[group];
        if (texts->count == 0)
            continue;
        if (!open)
            json_object_begin(w, "text_by_group");
        open = true;
        survey_texts_write(w, nps_group_name(group), texts);
    }
    if (open)
        json_object_end(w);
}

static void write_ask(struct json_writer *w, unsigned ask)
{
    if (ask == SURVEY_ASK_ALL)
        return;
    json_array_begin(w, "ask");
    for (enum nps_group group = 0; group < NPS_GROUPS; group++) {
        if (ask & 1u << group)
            json_put_text(w, NULL, nps_group_name(group));
    }
    json_array_end(w);
}

static void write_options(struct json_writer *w, const struct survey_question *question)
{
    if (question->type != QUESTION_CHOICE && question->type != QUESTION_CHOICES)
        return;
    json_array_begin(w, "options");
    for (size_t i = 0; i < question->option_count; i++) {
        const struct survey_option *option = &question->options[i];

        if (!option->active)
            continue;
        json_object_begin(w, NULL);
        json_put_text(w, "id", option->id);
        survey_texts_write(w, "text", &option->text);
        json_object_end(w);
    }
    json_array_end(w);
}

static void write_question(struct json_writer *w, const struct survey_question *question)
{
    json_object_begin(w, NULL);
    json_put_text(w, "id", question->id);
    json_put_text(w, "type", question_type_name(question->type));
    survey_texts_write(w, "text", &question->text);
    survey_text_by_group_write(w, question);
    if (question->type == QUESTION_SCALE) {
        json_put_int(w, "min", question->min);
        json_put_int(w, "max", question->max);
    }
    write_ask(w, question->ask);
    write_options(w, question);
    json_object_end(w);
}

static void write_questions(struct json_writer *w, const struct survey *survey)
{
    json_array_begin(w, "questions");
    for (size_t i = 0; i < survey->question_count; i++) {
        if (survey->questions[i].active)
            write_question(w, &survey->questions[i]);
    }
    json_array_end(w);
}

static void write_facets(struct json_writer *w, const struct survey *survey)
{
    json_array_begin(w, "facets");
    for (size_t i = 0; i < survey->facet_count; i++) {
        if (survey->facets[i].active)
            json_put_text(w, NULL, survey->facets[i].name);
    }
    json_array_end(w);
}

void survey_write(struct json_writer *w, const char *name, const struct survey *survey)
{
    json_object_begin(w, name);
    json_put_text(w, "id", survey->slug);
    survey_texts_write(w, "title", &survey->title);
    json_put_text(w, "time_zone", survey->time_zone);
    json_put_text(w, "access", survey_access_name(survey->access));
    json_put_bool(w, "open", survey->open);
    write_facets(w, survey);
    json_put_int(w, "min_responses", survey->min_responses);
    json_put_int(w, "edit_minutes", survey->edit_minutes);
    json_put_text(w, "badge", survey->badge_public ? "public" : "private");
    json_put_text(w, "suspects", survey->suspects_excluded ? "exclude" : "count");
    if (survey->keep_text_days > 0)
        json_put_int(w, "keep_text_days", survey->keep_text_days);
    else
        json_put_null(w, "keep_text_days");
    survey_brand_write(w, "brand", &survey->brand);
    write_questions(w, survey);
    json_put_time(w, "created_at", survey->created_us);
    json_put_time(w, "updated_at", survey->updated_us);
    json_object_end(w);
}

/* The picture is fetched by who shows it, once. */
static void write_public_brand(struct json_writer *w, const struct survey *survey)
{
    struct survey_brand brand = survey->brand;

    if (brand.logo)
        brand.logo =
            arena_printf(w->buf.arena, "/s/%s/logo?v=%s", survey->slug, survey->brand.logo_hash);
    survey_brand_write(w, "brand", &brand);
}

void survey_write_public(struct json_writer *w, const char *name, const struct survey *survey)
{
    json_object_begin(w, name);
    json_put_text(w, "id", survey->slug);
    survey_texts_write(w, "title", &survey->title);
    json_put_text(w, "access", survey_access_name(survey->access));
    json_put_bool(w, "open", survey->open);
    json_put_int(w, "edit_minutes", survey->edit_minutes);
    write_public_brand(w, survey);
    write_questions(w, survey);
    write_facets(w, survey);
    json_object_end(w);
}
