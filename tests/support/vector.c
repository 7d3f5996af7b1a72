#include "support/vector.h"
#include "support/fixture.h"
#include "support/raw.h"
#include "support/text.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BYTES_MAX = 128 * 1024, PAUSE_US = 20000, QUIET_MS = 150, COLUMNS = 2 + WAYS };
enum { HTTP_0_9 = 9 }; /* the status of an answer without a head */

/* --- the table --- */

/* "50x201,200+" is fifty times "201,200", then "+". */
static const char *unrolled(const char *expected)
{
    char *list;
    unsigned long times = strtoul(expected, &list, 10);
    if (list == expected || *list != 'x')
        return expected;
    size_t len = strlen(++list) - 1;
    const char *all = text_repeat(text("%.*s,", (int)len, list), times);
    return text("%.*s%c", (int)strlen(all) - 1, all, list[len]);
}

static void take_row(struct vector *vector, char *line)
{
    char *save = NULL, *columns[COLUMNS] = {NULL};
    for (size_t i = 0; i < COLUMNS - 1; i++)
        columns[i] = strtok_r(i == 0 ? line : NULL, " ", &save);
    ck_assert_msg(columns[COLUMNS - 2] && save, "no row: %s", line);
    *vector = (struct vector){.name = columns[0], .bytes = save + strspn(save, " ")};
    vector->hidden = columns[1][0] == '!';
    vector->expected[DIRECT] = unrolled(columns[1] + vector->hidden);
    vector->expected[NGINX] = unrolled(columns[2]);
    vector->expected[HAPROXY] = unrolled(columns[3]);
}

size_t vector_table(struct vector vectors[VECTORS_MAX])
{
    size_t count = 0;
    const char *file = text_file(text("%s/http_vectors.txt", getenv("NPSD_TEST_DATA")));
    ck_assert_ptr_nonnull(file);
    for (const char *at = file; *at; at += strcspn(at, "\n"), at += *at == '\n') {
        size_t len = strcspn(at, "\n");
        if (len == 0 || *at == '#')
            continue;
        ck_assert_uint_lt(count, VECTORS_MAX);
        char *line = text_space(len);
        memcpy(line, at, len);
        take_row(&vectors[count++], line);
    }
    return count;
}

/* --- sending --- */

struct sender {
    int fd;
    bool slow; /* byte by byte */
    bool gone, ended;
    const char *survey;
    unsigned number; /* of requests that tell one */
    size_t len;
    char bytes[BYTES_MAX];
};

static void flush(struct sender *sender)
{
    for (size_t i = 0; sender->slow && i < sender->len; i++) {
        raw_send_n(sender->fd, sender->bytes + i, 1);
        usleep(i % 4 == 0 ? 500 : 0);
    }
    if (!sender->slow)
        raw_send_n(sender->fd, sender->bytes, sender->len);
    sender->len = 0;
}

static void put(struct sender *sender, const char *bytes, size_t len)
{
    ck_assert_uint_le(sender->len + len, BYTES_MAX);
    memcpy(sender->bytes + sender->len, bytes, len);
    sender->len += len;
}

static void send_text(struct sender *sender, const char *from, const char *end);

#define HEAD "Host: localhost\r\nContent-Type: application/json\r\n"

static const char *answer(const char *survey, int score)
{
    return text("POST /v1/surveys/%s/responses HTTP/1.1\r\n" HEAD
                "Content-Length: 11\r\n\r\n{\"score\":%d}",
                survey, score);
}

static const char *meaning_of(const char *word, struct sender *sender)
{
    const char *survey = sender->survey;
    const struct {
        const char *word, *meaning;
    } words[] = {
        {"survey", text("/v1/surveys/%s", survey)},
        {"GET", text("GET /v1/surveys/%s HTTP/1.1\r\nHost: localhost\r\n", survey)},
        {"POST", text("POST /v1/surveys/%s/responses HTTP/1.1\r\n" HEAD, survey)},
        {"host", "Host: localhost\r\n"},
        {"json", "Content-Type: application/json\r\n"},
        {"key", text("Authorization: Bearer %s\r\n", fixture_key(VIEWER))},
        {"own", "{\"score\":9}"},
        {"next", answer(survey, OWN_SCORE)},
        {"evil", answer(survey, SMUGGLED_SCORE)},
        {"evil-length", text("%zu", strlen(answer(survey, SMUGGLED_SCORE)))},
        {"evil-hex", text("%zx", strlen(answer(survey, SMUGGLED_SCORE)))},
    };
    if (strcmp(word, "n") == 0)
        return text("X-Request-Id: n%u\r\n", ++sender->number);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(word, words[i].word) == 0)
            return words[i].meaning;
    return NULL;
}

/* What is done rather than sent. */
static bool act(struct sender *sender, const char *word)
{
    bool known = true;
    flush(sender);
    if (strcmp(word, "pause") == 0)
        usleep(PAUSE_US);
    else if (strcmp(word, "shut") == 0)
        sender->ended = shutdown(sender->fd, SHUT_WR) == 0;
    else if (strcmp(word, "slow") == 0)
        sender->slow = true;
    else if (strcmp(word, "gone") == 0)
        sender->gone = true;
    else
        known = false;
    return known;
}

/* <word>, or <3*text>. */
static void send_word(struct sender *sender, const char *from, const char *end)
{
    char *star;
    unsigned long times = strtoul(from, &star, 10);
    if (star > from && *star == '*') {
        for (unsigned long i = 0; i < times; i++)
            send_text(sender, star + 1, end);
        return;
    }
    const char *word = text("%.*s", (int)(end - from), from);
    const char *meaning = meaning_of(word, sender);
    if (meaning)
        put(sender, meaning, strlen(meaning));
    else
        ck_assert_msg(act(sender, word), "no word: %s", word);
}

static const char *put_escape(struct sender *sender, const char *at)
{
    static const char names[] = "rnt\\", bytes[] = "\r\n\t\\";
    const char *name = *at ? strchr(names, *at) : NULL;
    char byte = name ? bytes[name - names] : '\0';
    if (!name) {
        ck_assert_int_eq(*at, 'x');
        byte = (char)strtoul(text("%.2s", at + 1), NULL, 16);
        at += 2;
    }
    put(sender, &byte, 1);
    return at + 1;
}

/* The '>' that belongs to the '<' before at. */
static const char *closing(const char *at, const char *end)
{
    for (int depth = 1; at < end; at++) {
        depth += *at == '<' ? 1 : *at == '>' ? -1 : 0;
        if (depth == 0)
            return at;
    }
    ck_abort_msg("a '<' without its '>'");
    return end;
}

static void send_text(struct sender *sender, const char *from, const char *end)
{
    for (const char *at = from; at < end;) {
        if (*at == '\\') {
            at = put_escape(sender, at + 1);
        } else if (*at == '<') {
            const char *close = closing(at + 1, end);
            send_word(sender, at + 1, close);
            at = close + 1;
        } else {
            put(sender, at++, 1);
        }
    }
}

/* --- reading --- */

__attribute__((format(printf, 2, 3))) static void note(struct vector_outcome *outcome,
                                                       const char *format, ...)
{
    size_t len = strlen(outcome->seen);
    va_list args;
    va_start(args, format);
    vsnprintf(outcome->seen + len, sizeof outcome->seen - len, format, args);
    va_end(args);
}

/* RFC 9110, 8.6 and 15.5.6. */
static bool has_its_headers(const struct raw_reply *reply)
{
    if (reply->status == 405 && !raw_header(reply, "Allow"))
        return false;
    return reply->status == 204 ? !raw_header(reply, "Content-Length")
                                : raw_header(reply, "Content-Length") != NULL;
}

static void count_reply(struct vector_outcome *outcome, const struct raw_reply *reply)
{
    if (reply->status == 100)
        return;
    bool from_npsd = raw_header(reply, "X-Request-Id") != NULL;
    outcome->replies++;
    outcome->taken += reply->status == 201;
    outcome->from_npsd += from_npsd || reply->status == HTTP_0_9;
    outcome->ill_formed |= from_npsd && !has_its_headers(reply);
}

/* Requests may say their place in the order, as "X-Request-Id: n1". */
static bool is_in_order(const struct raw_reply *reply, size_t place)
{
    const char *id = raw_header(reply, "X-Request-Id");
    return !id || *id != 'n' || strtoul(id + 1, NULL, 10) == place;
}

/* Reads as many replies as are expected, or fewer. */
static bool read_replies(int fd, const char *expected, struct vector_outcome *outcome)
{
    for (const char *at = expected; *at >= '0' && *at <= '9'; at += *at == ',') {
        at += 3;
        bool no_body = *at == 'h';
        at += no_body;
        struct raw_reply reply = raw_read(fd, no_body);
        if (reply.status == 0 && reply.head[0] != '\0')
            reply.status = HTTP_0_9;
        if (reply.status <= 0)
            return reply.status < 0;
        count_reply(outcome, &reply);
        outcome->out_of_order |= !is_in_order(&reply, outcome->replies);
        note(outcome, "%s%03d%s", *outcome->seen ? "," : "", reply.status, no_body ? "h" : "");
    }
    return true;
}

static unsigned next_id(void)
{
    static unsigned id;
    return ++id;
}

/* An answer to this very request, and to no other. */
static bool asks_well(int fd, const char *survey, struct raw_reply *ret_reply)
{
    const char *id = text("probe-%d-%u", (int)getpid(), next_id());
    raw_send(fd, text("GET /v1/surveys/%s HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: %s\r\n\r\n",
                      survey, id));
    *ret_reply = raw_read(fd, false);
    const char *got = raw_header(ret_reply, "X-Request-Id");
    return ret_reply->status == 200 && got && strcmp(got, id) == 0;
}

static void read_end(int fd, const char *survey, const char *expected,
                     struct vector_outcome *outcome)
{
    struct raw_reply reply = {.status = 0};
    if (expected[strcspn(expected, ".+~")] == '+') {
        bool well = asks_well(fd, survey, &reply);
        if (reply.status > 0)
            count_reply(outcome, &reply);
        note(outcome, well ? "+" : reply.status == 0 ? "." : ",%d?", reply.status);
        return;
    }
    if (strchr(expected, '~'))
        raw_patience(fd, QUIET_MS);
    reply = raw_read(fd, true);
    if (reply.status > 0)
        count_reply(outcome, &reply);
    note(outcome, reply.status == 0 ? "." : reply.status < 0 ? "~" : ",%d?", reply.status);
}

/* --- a row --- */

struct vector_outcome vector_run(const struct vector *vector, enum vector_way way,
                                 const char *address, const char *survey)
{
    static struct sender sender;
    struct vector_outcome outcome = {.replies = 0};
    const char *expected = vector->expected[way];
    sender = (struct sender){.fd = raw_connect_address(address), .survey = survey};
    ck_assert_int_ge(sender.fd, 0);
    send_text(&sender, vector->bytes, vector->bytes + strlen(vector->bytes));
    flush(&sender);
    outcome.unsure = sender.gone || sender.ended;
    if (sender.gone)
        note(&outcome, "-");
    else if (!read_replies(sender.fd, expected, &outcome))
        note(&outcome, ".");
    else
        read_end(sender.fd, survey, expected, &outcome);
    close(sender.fd);
    return outcome;
}

bool vector_matches(const char *expected, const char *seen)
{
    size_t len = strlen(seen);
    for (const char *at = expected; *at; at += strcspn(at, "/"), at += *at == '/')
        if (strcspn(at, "/") == len && memcmp(at, seen, len) == 0)
            return true;
    return false;
}

bool vector_bystander(const char *address, const char *survey)
{
    struct raw_reply reply;
    int fd = raw_connect_address(address);
    ck_assert_int_ge(fd, 0);
    bool well = asks_well(fd, survey, &reply);
    close(fd);
    return well;
}
