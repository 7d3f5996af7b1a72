/*
 * Answers read back from the spool's file. The first byte says what follows: changes of a row's
 * values (r), or of bytes of the file (f). What somebody else wrote is told from what npsd wrote,
 * and an answer that is taken can be written again, moved and shown.
 */
#include "../../src/spool/spool_internal.h"
#include "fuzz/fuzz.h"
#include "npsd/base/text.h"
#include "npsd/store/answers_encode.h"
#include "npsd/store/answers_journal.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { COLUMNS = 16, FILE_MAX = 256 * 1024, SPOOL_MAX = 1024 * 1024 };

static char folder[256], path[sizeof folder + 16];
static char file[FILE_MAX], changed[FILE_MAX];
static size_t file_len;
static sqlite3_stmt *row, *again;

static const int64_t cuts[] = {11LL << 32 | 1, 12LL << 32 | 3};
static const struct spool_answer sample = {
    .row = {.survey_id = 1,
            .id = {{1, 2, 3}},
            .answered_us = FUZZ_NOW_US - 1000000,
            .received_us = FUZZ_NOW_US,
            .score = 9,
            .channel = CHANNEL_WEB,
            .suspect = 1,
            .external_id = "e-1",
            .language = "ru",
            .respondent = "c-17",
            .answers = "{\"why\":\"good\"}",
            .answers_len = 14,
            .properties = "{\"branch\":\"north\"}",
            .properties_len = 18,
            .question_cuts = cuts,
            .question_cut_count = 2},
    .facets = {{SURVEY_FACET_AGENT, "Anna"}, {SURVEY_FACET_FIRST, "north"}},
    .facet_count = 2,
};

/* --- a file with answers, and one aside --- */

static void fill(struct spool *spool)
{
    struct spool_answer answers[8];
    const struct spool_answer *given[8];
    struct spool_found found[8];
    bool unknown;
    for (int i = 0; i < 8; i++) {
        answers[i] = sample;
        answers[i].row.id.bytes[0] = (uint8_t)i;
        given[i] = &answers[i];
    }
    fuzz_require(spool_add(spool, given, 8, found, &unknown) == SPOOL_OK);
    const struct spool_end end = {1, "refused"};
    fuzz_require(spool_settle(spool, &end, 1) == SPOOL_OK);
    fuzz_require(spool_remember(spool, "directory", "{}", 2) == SPOOL_OK);
}

static enum spool_status open_file(struct spool **ret_spool)
{
    char error[SPOOL_ERROR_SIZE] = "";
    const struct spool_options options = {.path = path, .max_bytes = SPOOL_MAX};
    enum spool_status status = spool_open(&options, ret_spool, error);
    fuzz_require((status == SPOOL_OK) == !*error);
    return status;
}

static void make_file(void)
{
    struct spool *spool;
    const char *temporary = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/fuzz.XXXXXX", temporary ? temporary : "/tmp");
    fuzz_require(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/spool.db", folder);
    fuzz_require(open_file(&spool) == SPOOL_OK);
    fill(spool);
    spool_close(spool); /* which leaves no log */
    FILE *in = fopen(path, "r");
    fuzz_require(in != NULL);
    file_len = fread(file, 1, sizeof file, in);
    fclose(in);
    fuzz_require(file_len > 0 && file_len < sizeof file);
}

static void remove_file(const char *suffix)
{
    char name[sizeof path + 8];
    snprintf(name, sizeof name, "%s%s", path, suffix);
    unlink(name);
}

static void remove_all(void)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal", ".lock"};
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++)
        remove_file(suffixes[i]);
    rmdir(folder);
}

static sqlite3_stmt *prepare(void)
{
    static sqlite3 *db;
    sqlite3_stmt *statement;
    fuzz_require(db || sqlite3_open(":memory:", &db) == SQLITE_OK);
    fuzz_require(sqlite3_prepare_v2(db,
                                    "select ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13,"
                                    " ?14, ?15, ?16",
                                    -1, &statement, NULL) == SQLITE_OK);
    return statement;
}

void fuzz_begin(void)
{
    make_file();
    atexit(remove_all);
    row = prepare();
    again = prepare();
}

/* --- what is read --- */

static void check_text(const char *text, size_t len)
{
    if (!text)
        return;
    fuzz_require(strlen(text) == len);
    for (size_t at = 0, step; at < len; at += step)
        fuzz_require((step = text_utf8_size(text + at, len - at)) > 0);
}

static void check_row(const struct answer_row *answer)
{
    fuzz_require(answer->survey_id > 0 && answer->score >= 0 && answer->score <= 10);
    fuzz_require(answer->channel >= 0 && answer->channel < CHANNEL_COUNT);
    fuzz_require(answer->answered_us > -FUZZ_NOW_US * 40 &&
                 answer->answered_us < FUZZ_NOW_US * 200);
    for (size_t i = 0; i < answer->question_cut_count; i++)
        fuzz_require(answer->question_cuts[i] >> 32 > SURVEY_FACET_QUESTION);
    const char *const texts[] = {answer->external_id, answer->language, answer->respondent};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        check_text(texts[i], texts[i] ? strlen(texts[i]) : 0);
    check_text(answer->answers, answer->answers_len);
    check_text(answer->properties, answer->properties_len);
}

/* As it is moved. */
static void encode(struct arena *arena, const struct answer_row *answer)
{
    struct db_param params[ANSWER_COLUMNS], marks[MARK_COLUMNS], journal[JOURNAL_COLUMNS];
    answers_encode_rows(arena, &answer, 1, params);
    answers_encode_marks(arena, &answer, 1, marks);
    answers_journal(arena, &answer, 1, journal);
}

static void check_answer(struct arena *arena, const struct spool_answer *answer)
{
    if (answer->unreadable)
        return;
    check_row(&answer->row);
    fuzz_require(answer->facet_count <= SPOOL_FACETS_MAX);
    for (size_t i = 0; i < answer->facet_count; i++) {
        fuzz_require(answer->facets[i].facet >= SURVEY_FACET_AGENT &&
                     answer->facets[i].facet <= SURVEY_FACET_QUESTION);
        check_text(answer->facets[i].value, strlen(answer->facets[i].value));
    }
    encode(arena, &answer->row);
}

/* --- changes --- */

/* A column, a kind of value, how long it is, and the value: again and again. */
static void change_row(const uint8_t *bytes, size_t size)
{
    while (size >= 3) {
        int column = 1 + bytes[0] % COLUMNS;
        size_t len = bytes[2] < size - 3 ? bytes[2] : size - 3;
        const void *value = bytes + 3;
        int64_t number = 0;
        memcpy(&number, value, len < sizeof number ? len : sizeof number);
        switch (bytes[1] % 4) {
        case 0:
            sqlite3_bind_null(row, column);
            break;
        case 1:
            sqlite3_bind_int64(row, column, number);
            break;
        case 2:
            sqlite3_bind_text(row, column, value, (int)len, SQLITE_TRANSIENT);
            break;
        default:
            sqlite3_bind_blob(row, column, value, (int)len, SQLITE_TRANSIENT);
        }
        bytes += 3 + len;
        size -= 3 + len;
    }
}

/* Written again it is byte by byte as it was. */
static void check_written(struct arena *arena, const struct spool_answer *answer)
{
    spool_answer_bind(again, arena, answer);
    fuzz_require(sqlite3_step(again) == SQLITE_ROW);
    for (int i = 0; i < COLUMNS; i++) {
        const void *is = sqlite3_column_blob(again, i), *was = sqlite3_column_blob(row, i);
        int len = sqlite3_column_bytes(again, i);
        fuzz_require(sqlite3_column_bytes(row, i) == len);
        fuzz_require(len == 0 || memcmp(is, was, (size_t)len) == 0);
    }
    sqlite3_reset(again);
    sqlite3_clear_bindings(again);
}

static void check_row_changed(struct arena *arena, const uint8_t *bytes, size_t size)
{
    struct spool_answer answer = {0};
    spool_answer_bind(row, arena, &sample);
    change_row(bytes, size);
    fuzz_require(sqlite3_step(row) == SQLITE_ROW);
    spool_answer_read(row, 0, arena, &answer);
    fuzz_require(size >= 3 || !answer.unreadable);
    check_answer(arena, &answer);
    if (!answer.unreadable)
        check_written(arena, &answer);
    sqlite3_reset(row);
    sqlite3_clear_bindings(row);
}

/* A place (3), how many bytes, and these: again and again. The last place may be where it ends. */
static void write_changed(const uint8_t *bytes, size_t size)
{
    size_t end = file_len;
    memcpy(changed, file, file_len);
    while (size >= 4) {
        size_t place = (bytes[0] | (size_t)bytes[1] << 8 | (size_t)bytes[2] << 16) % file_len;
        size_t len = bytes[3] < size - 4 ? bytes[3] : size - 4;
        if (len == 0)
            end = place;
        else
            memcpy(changed + place, bytes + 4, len < file_len - place ? len : file_len - place);
        bytes += 4 + len;
        size -= 4 + len;
    }
    remove_file("-wal");
    remove_file("-shm");
    FILE *out = fopen(path, "w");
    fuzz_require(out && fwrite(changed, 1, end, out) == end && fclose(out) == 0);
}

static bool check_conflict(void *context, const struct spool_conflict *conflict)
{
    fuzz_require(conflict->reason != NULL);
    check_answer(context, &conflict->answer);
    return true;
}

static void check_file(struct arena *arena, const uint8_t *bytes, size_t size)
{
    struct spool *spool;
    struct spool_answer *answers;
    struct spool_found found;
    const char *memory;
    size_t count, len;
    bool there;
    write_changed(bytes, size);
    if (open_file(&spool) != SPOOL_OK) {
        fuzz_require(size >= 4);
        return;
    }
    spool_each_conflict(spool, check_conflict, arena);
    if (spool_peek(spool, arena, 16, &answers, &count) == SPOOL_OK)
        for (size_t i = 0; i < count; i++)
            check_answer(arena, &answers[i]);
    spool_find(spool, 1, &sample.row.id, &there, &found);
    if (spool_recall(spool, arena, "directory", &memory, &len) == SPOOL_OK && memory)
        fuzz_require(memory[len] == '\0');
    const struct spool_end end = {2, "refused"};
    spool_settle(spool, &end, 1);
    spool_retry_conflict(spool, 1, &there);
    spool_close(spool);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct arena *arena = fuzz_arena();
    if (size == 0)
        return 0;
    if (bytes[0] == 'f')
        check_file(arena, bytes + 1, size - 1);
    else
        check_row_changed(arena, bytes + 1, size - 1);
    return 0;
}
