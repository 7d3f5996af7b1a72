#include "directory_read.h"

#include "npsd/json/write.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum {
    FORMAT = 1,
    BLOCK = 16 * 1024,
    SECRET_TEXT_SIZE = 4 * ((DIRECTORY_SECRET_SIZE + 2) / 3) + 1
};

_Static_assert((int)DIRECTORY_SECRET_SIZE == (int)CRYPTO_HASH_SIZE &&
                   (int)DIRECTORY_SECRET_SIZE == (int)LINK_KEY_SIZE,
               "they go as the same kind of text");

/* --- to text --- */

static void write_bytes(struct json_writer *w, const char *name, const uint8_t *bytes)
{
    char text[SECRET_TEXT_SIZE];
    json_put_text(w, name, crypto_base64url(bytes, DIRECTORY_SECRET_SIZE, text));
}

static void write_question(struct json_writer *w, const struct question_record *question)
{
    json_object_begin(w, NULL);
    json_put_int(w, "n", question->n);
    json_put_int(w, "position", question->position);
    json_put_text(w, "id", question->id);
    json_put_text(w, "definition", question->definition);
    json_object_end(w);
}

static void write_facet(struct json_writer *w, const struct survey_facet *facet)
{
    json_object_begin(w, NULL);
    json_put_text(w, "name", facet->name);
    json_put_bool(w, "active", facet->active);
    json_object_end(w);
}

static void write_survey(struct json_writer *w, const struct survey_record *survey)
{
    json_object_begin(w, NULL);
    json_put_int(w, "id", survey->id);
    json_put_text(w, "slug", survey->slug);
    json_put_text(w, "title", survey->title);
    json_put_text(w, "brand", survey->brand);
    json_put_text(w, "time_zone", survey->time_zone);
    json_put_text(w, "access", survey->access);
    json_put_bool(w, "open", survey->open);
    json_put_bool(w, "badge_public", survey->badge_public);
    json_put_text(w, "suspects", survey->suspects);
    json_put_int(w, "min_responses", survey->min_responses);
    json_put_int(w, "edit_minutes", survey->edit_minutes);
    json_put_int(w, "keep_text_days", survey->keep_text_days);
    json_put_int(w, "created", survey->created_us);
    json_put_int(w, "updated", survey->updated_us);
    json_array_begin(w, "facets");
    for (size_t i = 0; i < survey->facet_count; i++)
        write_facet(w, &survey->facets[i]);
    json_array_end(w);
    json_array_begin(w, "questions");
    for (size_t i = 0; i < survey->question_count; i++)
        write_question(w, &survey->questions[i]);
    json_array_end(w);
    json_object_end(w);
}

static void write_key(struct json_writer *w, const struct directory_key *key)
{
    json_object_begin(w, NULL);
    json_put_int(w, "id", key->id);
    json_put_text(w, "role", role_name(key->role));
    json_put_text(w, "name", key->name);
    write_bytes(w, "hash", key->hash.bytes);
    if (key->expires_us != 0)
        json_put_int(w, "expires", key->expires_us);
    json_put_bool(w, "all_surveys", key->all_surveys);
    json_array_begin(w, "surveys");
    for (size_t i = 0; i < key->survey_count; i++)
        json_put_int(w, NULL, key->surveys[i]);
    json_array_end(w);
    json_array_begin(w, "origins");
    for (size_t i = 0; i < key->origin_count; i++)
        json_put_text(w, NULL, key->origins[i]);
    json_array_end(w);
    json_object_end(w);
}

static void write_link_keys(struct json_writer *w, const struct link_keys *keys)
{
    json_array_begin(w, "link_keys");
    for (size_t i = 0; i < keys->count; i++) {
        json_object_begin(w, NULL);
        json_put_int(w, "kid", keys->items[i].kid);
        write_bytes(w, "key", keys->items[i].bytes);
        json_object_end(w);
    }
    json_array_end(w);
}

char *directory_copy(struct arena *arena, const struct directory_snapshot *snapshot,
                     size_t *ret_len)
{
    struct json_writer w = json_writer(arena);
    json_object_begin(&w, NULL);
    json_put_int(&w, "format", FORMAT);
    write_bytes(&w, "edit", snapshot->secrets.edit);
    write_bytes(&w, "cursor", snapshot->secrets.cursor);
    write_link_keys(&w, &snapshot->link_keys);
    json_array_begin(&w, "surveys");
    for (size_t i = 0; i < snapshot->survey_count; i++)
        write_survey(&w, survey_to_record(arena, snapshot->index->surveys_by_id[i]));
    json_array_end(&w);
    json_array_begin(&w, "keys");
    for (size_t i = 0; i < snapshot->key_count; i++)
        write_key(&w, &snapshot->keys[i]);
    json_array_end(&w);
    json_object_end(&w);
    *ret_len = w.buf.len;
    return w.buf.data;
}

/* --- from text; bad is set where it is not what was written --- */

struct copy_reader {
    struct arena *arena;
    bool bad;
};

static const json_t *take(struct copy_reader *reader, const json_t *object, const char *name,
                          json_type type)
{
    const json_t *value = json_object_get(object, name);
    bool good =
        value && (json_typeof(value) == type || (type == JSON_TRUE && json_is_false(value)));
    reader->bad |= !good;
    return good ? value : NULL;
}

/* From 0, as all numbers of a directory are. */
static int64_t take_number(struct copy_reader *reader, const json_t *object, const char *name,
                           int64_t max)
{
    int64_t number = json_integer_value(take(reader, object, name, JSON_INTEGER));
    reader->bad |= number < 0 || number > max;
    return number;
}

static int take_int(struct copy_reader *reader, const json_t *object, const char *name)
{
    return (int)take_number(reader, object, name, INT32_MAX);
}

static bool take_bool(struct copy_reader *reader, const json_t *object, const char *name)
{
    return json_is_true(take(reader, object, name, JSON_TRUE));
}

static const char *copy_text(struct copy_reader *reader, const json_t *value)
{
    reader->bad |= !json_is_string(value);
    return json_is_string(value) ? arena_strdup(reader->arena, json_string_value(value)) : "";
}

static const char *take_text(struct copy_reader *reader, const json_t *object, const char *name)
{
    return copy_text(reader, json_object_get(object, name));
}

static void take_bytes(struct copy_reader *reader, const json_t *object, const char *name,
                       uint8_t *bytes)
{
    const char *text = take_text(reader, object, name);
    reader->bad |= !crypto_base64url_decode(text, strlen(text), bytes, DIRECTORY_SECRET_SIZE);
}

static void read_facets(struct copy_reader *reader, const json_t *facets,
                        struct survey_record *survey)
{
    reader->bad |= json_array_size(facets) > SURVEY_FACETS_MAX;
    for (size_t i = 0; i < json_array_size(facets) && i < SURVEY_FACETS_MAX; i++) {
        const json_t *facet = json_array_get(facets, i);
        survey->facets[survey->facet_count++] = (struct survey_facet){
            take_text(reader, facet, "name"), take_bool(reader, facet, "active")};
    }
}

static void read_questions(struct copy_reader *reader, const json_t *questions,
                           struct survey_record *survey)
{
    size_t count = json_array_size(questions);
    survey->questions = arena_calloc(reader->arena, count, sizeof(*survey->questions));
    survey->question_count = count;
    for (size_t i = 0; i < count; i++) {
        const json_t *question = json_array_get(questions, i);
        survey->questions[i] = (struct question_record){
            .survey_id = survey->id,
            .n = take_int(reader, question, "n"),
            .position = take_int(reader, question, "position"),
            .id = take_text(reader, question, "id"),
            .definition = take_text(reader, question, "definition"),
        };
    }
}

static struct survey_record read_survey(struct copy_reader *reader, const json_t *value)
{
    struct survey_record survey = {
        .id = take_int(reader, value, "id"),
        .slug = take_text(reader, value, "slug"),
        .title = take_text(reader, value, "title"),
        .brand = json_is_null(json_object_get(value, "brand")) ? NULL
                                                               : take_text(reader, value, "brand"),
        .time_zone = take_text(reader, value, "time_zone"),
        .access = take_text(reader, value, "access"),
        .open = take_bool(reader, value, "open"),
        .badge_public = take_bool(reader, value, "badge_public"),
        .suspects = take_text(reader, value, "suspects"),
        .min_responses = take_int(reader, value, "min_responses"),
        .edit_minutes = take_int(reader, value, "edit_minutes"),
        .keep_text_days = take_int(reader, value, "keep_text_days"),
        .created_us = take_number(reader, value, "created", INT64_MAX),
        .updated_us = take_number(reader, value, "updated", INT64_MAX),
    };
    read_facets(reader, take(reader, value, "facets", JSON_ARRAY), &survey);
    read_questions(reader, take(reader, value, "questions", JSON_ARRAY), &survey);
    return survey;
}

static void read_lists(struct copy_reader *reader, const json_t *value, struct key_record *key)
{
    const json_t *surveys = take(reader, value, "surveys", JSON_ARRAY);
    const json_t *origins = take(reader, value, "origins", JSON_ARRAY);
    key->survey_count = json_array_size(surveys);
    key->origin_count = json_array_size(origins);
    int32_t *ids = arena_calloc(reader->arena, key->survey_count, sizeof(*ids));
    const char **texts = arena_calloc(reader->arena, key->origin_count, sizeof(*texts));
    for (size_t i = 0; i < key->survey_count; i++)
        ids[i] = (int32_t)json_integer_value(json_array_get(surveys, i));
    for (size_t i = 0; i < key->origin_count; i++)
        texts[i] = copy_text(reader, json_array_get(origins, i));
    key->surveys = ids;
    key->origins = texts;
}

static struct key_record read_key(struct copy_reader *reader, const json_t *value)
{
    struct key_record key = {
        .id = take_int(reader, value, "id"),
        .name = take_text(reader, value, "name"),
        .all_surveys = take_bool(reader, value, "all_surveys"),
    };
    const char *role = take_text(reader, value, "role");
    reader->bad |= !role_parse(role, strlen(role), &key.role);
    take_bytes(reader, value, "hash", key.hash.bytes);
    if (json_object_get(value, "expires"))
        key.expires_us = take_number(reader, value, "expires", INT64_MAX);
    read_lists(reader, value, &key);
    return key;
}

static void read_link_keys(struct copy_reader *reader, const json_t *values, struct link_keys *keys)
{
    size_t count = json_array_size(values);
    reader->bad |= count == 0 || count > LINK_KEYS;
    for (size_t i = 0; i < count && i < LINK_KEYS; i++) {
        const json_t *value = json_array_get(values, i);
        keys->items[keys->count].kid = (uint8_t)take_int(reader, value, "kid");
        take_bytes(reader, value, "key", keys->items[keys->count++].bytes);
    }
}

static void read_all(struct copy_reader *reader, const json_t *copy,
                     struct directory_content *content)
{
    const json_t *surveys = take(reader, copy, "surveys", JSON_ARRAY);
    const json_t *keys = take(reader, copy, "keys", JSON_ARRAY);
    take_bytes(reader, copy, "edit", content->snapshot->secrets.edit);
    take_bytes(reader, copy, "cursor", content->snapshot->secrets.cursor);
    read_link_keys(reader, take(reader, copy, "link_keys", JSON_ARRAY),
                   &content->snapshot->link_keys);
    content->survey_count = json_array_size(surveys);
    content->key_count = json_array_size(keys);
    content->surveys =
        arena_calloc(reader->arena, content->survey_count, sizeof(*content->surveys));
    content->keys = arena_calloc(reader->arena, content->key_count, sizeof(*content->keys));
    for (size_t i = 0; i < content->survey_count; i++)
        content->surveys[i] = read_survey(reader, json_array_get(surveys, i));
    for (size_t i = 0; i < content->key_count; i++)
        content->keys[i] = read_key(reader, json_array_get(keys, i));
}

/* Look-ups are binary searches: by id, by slug, by hash, each there once. */
static bool is_in_order(const struct directory_snapshot *snapshot)
{
    const struct directory_index *index = snapshot->index;
    bool good = true;
    for (size_t i = 1; i < snapshot->survey_count; i++)
        good &= index->surveys_by_id[i - 1]->id < index->surveys_by_id[i]->id &&
                strcmp(snapshot->surveys[i - 1]->slug, snapshot->surveys[i]->slug) < 0;
    for (size_t i = 1; i < snapshot->key_count; i++)
        good &= snapshot->keys[i - 1].id < snapshot->keys[i].id &&
                memcmp(&index->keys_by_hash[i - 1]->hash, &index->keys_by_hash[i]->hash,
                       sizeof(struct crypto_hash)) < 0;
    return good;
}

/* Whatever was not understood, or not as it was written, is not there when it is written again. */
static bool is_copy(const struct directory_snapshot *snapshot, const char *copy, size_t len)
{
    struct arena arena;
    size_t again_len;
    arena_init(&arena, BLOCK);
    const char *again = directory_copy(&arena, snapshot, &again_len);
    bool same = again_len == len && memcmp(again, copy, len) == 0;
    arena_done(&arena);
    return same;
}

struct directory_snapshot *directory_read_copy(const char *copy, size_t len, struct arena *flags)
{
    json_auto_t *value = json_loadb(copy, len, 0, NULL);
    struct arena *arena = value ? malloc(sizeof(*arena)) : NULL;
    if (!arena)
        return NULL;
    arena_init(arena, BLOCK);
    struct copy_reader reader = {.arena = arena};
    struct directory_content content = {
        .arena = arena, .snapshot = arena_calloc(arena, 1, sizeof(*content.snapshot))};
    content.snapshot->arena = arena;
    content.snapshot->version = DIRECTORY_RESTORED;
    reader.bad = take_int(&reader, value, "format") != FORMAT;
    if (!reader.bad)
        read_all(&reader, value, &content);
    if (reader.bad) {
        arena_done(arena);
        free(arena);
        return NULL;
    }
    directory_make(&content, flags, NULL);
    if (!is_in_order(content.snapshot) || !is_copy(content.snapshot, copy, len)) {
        directory_release(content.snapshot);
        return NULL;
    }
    return content.snapshot;
}
