/*
 * load: the clients of the fault tests, with a ledger (fault/work.h).
 *
 *   load --address HOST:PORT [--address ...] --ledger FILE --key KEY [OPTIONS]
 *
 * So many connections post answers at a pace: one in ten is a deliberate duplicate, one in twenty
 * has another answer under a key that was used. Whatever was not settled (no reply, 429, 503) is
 * sent again with the same key and body. After --seconds nothing new is sent any more, only what is
 * not settled, for --patience seconds at most. SIGTERM ends the first part early. Pollers ask for
 * the number meanwhile, and one connection looks at the health.
 *
 * Exit code 0: every key is settled. 3: some are not; their number is on stdout.
 */
#include "fault/work.h"

#include <fcntl.h>
#include <getopt.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A ledger may be of several runs, whose attempts have numbers apart. */
#define ATTEMPTS_MAX UINT64_C(1000000000)

enum {
    CLIENTS_MAX = 256,
    ADDRESSES_MAX = 4,
    RETRY_MAX = 1 << 20,
    RECENT = 256,
    REQUEST_SECONDS = 25, /* more than any deadline of the daemon */
    RETRY_US = 100 * 1000,
    POLL_US = 50 * 1000,
    HEALTH_US = 100 * 1000
};

enum role { ROLE_POST, ROLE_POLL, ROLE_HEALTH };

struct client {
    enum role role;
    struct exchange exchange;
    struct parcel parcel;
    const char *path;
    int64_t due_us; /* not to begin before */
};

struct retry {
    struct attempt attempt;
    int64_t due_us;
};

struct load {
    struct ledger ledger;
    struct sockaddr_in addresses[ADDRESSES_MAX], admin;
    size_t address_count;
    bool has_admin, storm; /* storm: every key is sent by all connections at once */
    const char *key, *number_path;
    size_t posters, pollers;
    long rate, seconds, patience;
    struct client clients[CLIENTS_MAX];
    size_t client_count;
    struct retry *retries; /* a ring */
    size_t retry_first, retry_count, in_flight;
    struct attempt recent[RECENT];
    uint64_t attempts;
    uint32_t next_key[3];      /* by kind */
    int64_t began_us, started; /* requests that were paced */
    bool ending;
};

static volatile sig_atomic_t told_to_end;

static void end_early(int signal_number)
{
    (void)signal_number;
    told_to_end = 1;
}

/* --- what to send next --- */

/* The next number whose kind it is. */
static uint32_t fresh_key(struct load *load, enum kind kind)
{
    do
        load->next_key[kind]++;
    while (work_kind(load->next_key[kind]) != kind);
    return load->next_key[kind];
}

static struct attempt attempt_of(struct load *load, uint32_t key, int variant)
{
    return (struct attempt){++load->attempts, key, variant};
}

static bool take_retry(struct load *load, int64_t now, struct attempt *ret_attempt)
{
    if (load->retry_count == 0 || load->retries[load->retry_first].due_us > now)
        return false;
    *ret_attempt = load->retries[load->retry_first].attempt;
    ret_attempt->number = ++load->attempts;
    load->retry_first = (load->retry_first + 1) % RETRY_MAX;
    load->retry_count--;
    return true;
}

static void put_retry(struct load *load, const struct attempt *attempt)
{
    if (load->retry_count == RETRY_MAX)
        abort();
    size_t last = (load->retry_first + load->retry_count++) % RETRY_MAX;
    load->retries[last] = (struct retry){*attempt, now_us() + RETRY_US};
}

static struct attempt next_attempt(struct load *load)
{
    static const enum kind kinds[] = {KIND_JSON, KIND_JSON, KIND_JSON, KIND_FORM};
    uint32_t dice = (uint32_t)load->attempts * 2654435761U >> 8;
    const struct attempt *old = &load->recent[dice % RECENT];
    if (old->number && dice % 100 < 15)
        return attempt_of(load, old->key, dice % 100 < 10 ? old->variant : 1 - old->variant);
    if (dice % 100 == 99)
        return attempt_of(load, fresh_key(load, KIND_BATCH), 0);
    return attempt_of(load, fresh_key(load, kinds[dice / 100 % 4]), 0);
}

static void remember(struct load *load, const struct attempt *attempt)
{
    load->recent[attempt->number % RECENT] = *attempt;
}

static bool is_paced(const struct load *load, int64_t now)
{
    return load->started < (now - load->began_us) * load->rate / 1000000;
}

/* False: nothing is to be sent now. */
static bool fill_parcel(struct load *load, struct parcel *parcel, int64_t now)
{
    struct attempt attempt;
    bool again = take_retry(load, now, &attempt);
    if (!again) {
        if (load->ending || !is_paced(load, now))
            return false;
        load->started++;
        attempt = next_attempt(load);
    }
    *parcel = (struct parcel){.kind = work_kind(attempt.key), .count = 1, .attempts = {attempt}};
    /* What was refused comes again alone. */
    while (parcel->kind == KIND_BATCH && !again && parcel->count < BATCH_ITEMS)
        parcel->attempts[parcel->count++] = attempt_of(load, fresh_key(load, KIND_BATCH), 0);
    for (size_t i = 0; i < parcel->count; i++)
        remember(load, &parcel->attempts[i]);
    return true;
}

/* --- one client --- */

static void begin_post(struct load *load, struct client *client)
{
    work_send(&load->ledger, &client->parcel, &client->exchange);
    load->in_flight++;
    exchange_begin(&client->exchange);
}

static bool begin(struct load *load, struct client *client, int64_t now)
{
    if (client->due_us > now)
        return false;
    if (client->role == ROLE_POST) {
        if (load->storm || !fill_parcel(load, &client->parcel, now))
            return false;
        begin_post(load, client);
        return true;
    }
    if (load->ending)
        return false;
    if (client->role == ROLE_HEALTH)
        client->path =
            client->path && strcmp(client->path, "/readyz") == 0 ? "/healthz" : "/readyz";
    work_ask(client->path, client->role == ROLE_POLL ? load->key : NULL, &client->exchange);
    exchange_begin(&client->exchange);
    return true;
}

static bool is_settled(const struct verdict *verdict)
{
    return verdict->status != 0 && verdict->status != 429 && verdict->status < 500;
}

static void settle_post(struct load *load, struct client *client, const struct outcome *outcome)
{
    struct verdict verdicts[BATCH_ITEMS];
    load->in_flight--;
    work_receive(&load->ledger, &client->parcel, &client->exchange, outcome, verdicts);
    for (size_t i = 0; i < client->parcel.count; i++)
        if (!is_settled(&verdicts[i]))
            put_retry(load, &client->parcel.attempts[i]);
    /* A client whose connection was refused does not come back at once. */
    client->due_us = outcome->status ? 0 : now_us() + RETRY_US / 5;
}

static void end(struct load *load, struct client *client, const struct outcome *outcome)
{
    switch (client->role) {
    case ROLE_POST:
        settle_post(load, client, outcome);
        break;
    case ROLE_POLL:
        work_polled(&load->ledger, (int)(client - load->clients), &client->exchange, outcome);
        client->due_us = now_us() + POLL_US;
        break;
    case ROLE_HEALTH:
        work_looked(&load->ledger, client->path, &client->exchange, outcome);
        client->due_us = now_us() + HEALTH_US;
        break;
    }
}

static void step(struct load *load, struct client *client, int64_t now)
{
    struct outcome outcome;
    struct exchange *exchange = &client->exchange;
    if (exchange->state == EXCHANGE_IDLE && !begin(load, client, now))
        return;
    if (exchange_step(exchange, &outcome)) {
        end(load, client, &outcome);
    } else if (now - exchange->began_us > (int64_t)REQUEST_SECONDS * 1000000) {
        exchange_expire(exchange, &outcome);
        end(load, client, &outcome);
    }
}

/* --- the run --- */

static void wait_for_sockets(struct load *load)
{
    struct pollfd fds[CLIENTS_MAX];
    nfds_t count = 0;
    for (size_t i = 0; i < load->client_count; i++) {
        short events = exchange_events(&load->clients[i].exchange);
        if (events)
            fds[count++] = (struct pollfd){.fd = load->clients[i].exchange.fd, .events = events};
    }
    poll(fds, count, 2);
}

/* Every connection sends the same key as soon as all are done with the one before. */
static void begin_storm(struct load *load)
{
    if (load->in_flight > 0 || load->ending)
        return;
    uint32_t key = fresh_key(load, KIND_JSON);
    for (size_t i = 0; i < load->posters; i++) {
        load->clients[i].parcel =
            (struct parcel){.kind = KIND_JSON, .count = 1, .attempts = {attempt_of(load, key, 0)}};
        begin_post(load, &load->clients[i]);
    }
}

static bool goes_on(struct load *load, int64_t now)
{
    int64_t end_us = load->began_us + load->seconds * 1000000;
    if (told_to_end || now >= end_us) {
        if (!load->ending)
            load->patience = (now - load->began_us) / 1000000 + load->patience;
        load->ending = true;
    }
    if (!load->ending)
        return true;
    return (load->in_flight > 0 || load->retry_count > 0) &&
           now < load->began_us + load->patience * 1000000;
}

static void run(struct load *load)
{
    load->began_us = now_us();
    for (int64_t now; now = now_us(), goes_on(load, now);) {
        if (load->storm)
            begin_storm(load);
        for (size_t i = 0; i < load->client_count; i++)
            step(load, &load->clients[i], now);
        wait_for_sockets(load);
    }
}

static void add_client(struct load *load, enum role role, const struct sockaddr_in *address)
{
    struct client *client = &load->clients[load->client_count++];
    client->role = role;
    client->path = load->number_path;
    exchange_init(&client->exchange, address);
}

static bool prepare(struct load *load, const char *file)
{
    static char path[160];
    snprintf(path, sizeof path, "/v1/surveys/%s/nps?period=all", load->ledger.survey);
    load->ledger.fd = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    load->retries = calloc(RETRY_MAX, sizeof *load->retries);
    if (load->ledger.fd < 0 || !load->retries || load->address_count == 0 ||
        load->posters + load->pollers + 1 > CLIENTS_MAX)
        return false;
    load->number_path = path;
    for (size_t i = 0; i < load->posters + load->pollers; i++)
        add_client(load, i < load->posters ? ROLE_POST : ROLE_POLL,
                   &load->addresses[i % load->address_count]);
    if (load->has_admin)
        add_client(load, ROLE_HEALTH, &load->admin);
    return true;
}

static bool take_option(struct load *load, int option, const char *value, const char **file)
{
    switch (option) {
    case 'a':
        return load->address_count < ADDRESSES_MAX &&
               exchange_address(value, &load->addresses[load->address_count++]);
    case 'A':
        return load->has_admin = exchange_address(value, &load->admin);
    case 'l':
        *file = value;
        return true;
    case 'k':
        load->key = value;
        return true;
    case 'R':
        load->ledger.run = value;
        load->attempts = strtoull(value, NULL, 10) * ATTEMPTS_MAX;
        return true;
    case 'S':
        load->storm = true;
        return true;
    case 'c':
        load->posters = (size_t)strtol(value, NULL, 10);
        return true;
    case 'p':
        load->pollers = (size_t)strtol(value, NULL, 10);
        return true;
    case 'r':
        return (load->rate = strtol(value, NULL, 10)) > 0;
    case 's':
        load->seconds = strtol(value, NULL, 10);
        return true;
    case 'P':
        load->patience = strtol(value, NULL, 10);
        return true;
    default:
        return false;
    }
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"address", 1, NULL, 'a'}, {"admin", 1, NULL, 'A'},       {"ledger", 1, NULL, 'l'},
        {"key", 1, NULL, 'k'},     {"run", 1, NULL, 'R'},         {"storm", 0, NULL, 'S'},
        {"pollers", 1, NULL, 'p'}, {"connections", 1, NULL, 'c'}, {"rate", 1, NULL, 'r'},
        {"seconds", 1, NULL, 's'}, {"patience", 1, NULL, 'P'},    {NULL, 0, NULL, 0}};
    static struct load load = {.ledger = {.run = "k", .survey = "fault"},
                               .posters = 64,
                               .pollers = 2,
                               .rate = 800,
                               .seconds = 5,
                               .patience = 30};
    const char *file = NULL;
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;)
        if (!take_option(&load, option, optarg, &file))
            return 2;
    if (!file || sodium_init() < 0 || !prepare(&load, file)) {
        fprintf(stderr, "load: wrong options, or the ledger cannot be written\n");
        return 2;
    }
    signal(SIGTERM, end_early);
    run(&load);
    size_t open_keys = load.retry_count + load.in_flight;
    printf("%zu not settled\n", open_keys);
    return open_keys == 0 ? 0 : 3;
}
