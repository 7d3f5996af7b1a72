#include "npsd/api/access.h"
#include "npsd/api/failures.h"
#include "npsd/api/jobs.h"
#include "npsd/api/limits.h"
#include "npsd/api/pages.h"
#include "npsd/api/quota.h"
#include "npsd/api/recall.h"
#include "npsd/api/routes.h"
#include "npsd/api/stale.h"
#include "npsd/api/submit.h"
#include "npsd/api/traffic.h"
#include "npsd/api/world.h"
#include "npsd/base/log.h"
#include "npsd/base/notify.h"
#include "npsd/cli/cli.h"
#include "npsd/db/pool.h"
#include "npsd/http/server.h"
#include "npsd/ingest/folder.h"
#include "npsd/ingest/lane.h"
#include "npsd/ingest/spooler.h"
#include "npsd/state/poller.h"
#include "npsd/store/displays.h"
#include "npsd/store/folds.h"
#include "npsd/store/keys.h"
#include "npsd/store/surveys.h"
#include "watch.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

static const char help[] =
    "usage: npsd serve [--migrate]\n\n"
    "Runs the daemon in the foreground until SIGTERM, SIGINT or SIGHUP, then answers every request it has accepted\n"
    "and ends. A second signal ends it at once.\n\n"
    "  --migrate   bring the schema up to this version first (waits for PostgreSQL if it is away)\n\n"
    "Under a service manager: it tells readiness and feeds the watchdog (NOTIFY_SOCKET, WATCHDOG_USEC), and takes\n"
    "sockets that are handed over (LISTEN_FDS): the first for NPSD_LISTEN, the second for NPSD_ADMIN_LISTEN. With these\n"
    "a daemon that ends leaves new connections to the next one.\n";

enum {
    JOBS_MAX = 4096,
    ADMIN_CONNECTIONS = 64,
    DESCRIPTORS_SPARE = 64, /* connections to PostgreSQL that are not workers', log, spool, pipes */
    DESCRIPTORS_A_THREAD = 2,
    SINGLE_BATCH = 1024, /* answers a transaction; what waits is bounded by the load */
    MANY_BATCH = 500,    /* larger ones hold up other writers for longer than they gain */
    ASKS_A_MINUTE = 600, /* of one address, for keys and surveys that the directory does not know */
    DRAIN_MS = 10000,
    FIRST_LOOK_MS = 1000 /* then it serves without the database */
};

/* A lane runs the same few statements with arrays of all sizes: planning anew for small ones costs
 * more than it gains. */
static const char *const lane_settings[] = {"plan_cache_mode=force_generic_plan",
                                            "enable_seqscan=off", NULL};

/* What a connection runs is what it prepares when it begins: those that answers wait for are back
 * sooner after a loss than with all that workers may be asked. */
static const struct db_stmt *const *const lane_sets[] = {answers_statements, values_statements,
                                                         NULL};
static const struct db_stmt *const *const spool_sets[] = {answers_statements,
                                                          values_statements,
                                                          directory_statements,
                                                          surveys_statements,
                                                          keys_statements,
                                                          folds_statements,
                                                          NULL};
static const struct db_stmt *const *const fold_sets[] = {folds_statements, displays_statements,
                                                         NULL};

/* Everything that runs, in the order in which it is started. */
struct service {
    struct pg_options database, lanes, batches, spool, folds;
    struct world world;
    struct server_app app;
    struct folder *folder;
    struct server *server, *admin;
};

/* Before all that asks the directory, which it may restore. */
static bool start_spooler(struct service *s, const struct config *config)
{
    struct world *world = &s->world;
    const struct spooler_options options = {
        .spool = {.path = config->spool, .max_bytes = config->spool_max_mb * INT64_C(1048576)},
        .database = &s->spool,
        .directory = world->directory,
        .values = world->values,
        .freshness = world->freshness,
    };
    return !*config->spool || (world->spooler = spooler_start(&options));
}

static bool start_lanes(struct service *s, const struct config *config)
{
    struct world *world = &s->world;
    const struct lane_options single = {
        .name = "npsd-single",
        .database = &s->lanes,
        .values = world->values,
        .freshness = world->freshness,
        .spooler = world->spooler,
        .queue_max = (size_t)config->queue,
        .batch_max = SINGLE_BATCH,
    };
    struct lane_options batch = single;
    batch.name = "npsd-batch";
    batch.database = &s->batches;
    batch.batch_max = MANY_BATCH;
    /* A batch is taken whole, so a shorter queue would never have room for one. */
    if (batch.queue_max < BATCH_MAX)
        batch.queue_max = BATCH_MAX;
    for (int i = 0; i < BATCH_LANES; i++)
        if (!(world->batch[i] = lane_start(&batch)))
            return false;
    return (world->single = lane_start(&single));
}

static bool make_state(struct service *s, const struct config *config)
{
    struct world *world = &s->world;
    s->database = cli_database(config);
    s->lanes = s->batches = s->folds = s->database;
    s->lanes.sets = s->batches.sets = lane_sets;
    s->lanes.settings = lane_settings;
    s->spool = s->lanes;
    s->spool.sets = spool_sets;
    s->folds.sets = fold_sets;
    world->config = config;
    world->directory = directory_new();
    world->values = values_new();
    world->limits = limits_new(config->rate_public);
    world->key_limits = limits_new(config->rate_key);
    world->looks = limits_new(config->rate_public);
    world->asks = limits_new(ASKS_A_MINUTE);
    world->failures = failures_new(FAILURES_A_MINUTE);
    world->displays = display_meter_new();
    world->freshness = freshness_new();
    world->recall = recall_new(world->freshness);
    world->stale = stale_new();
    return world->directory && world->values && world->limits && world->key_limits &&
           world->looks && world->asks && world->failures && world->displays && world->freshness &&
           world->recall && world->stale;
}

static bool start_state(struct service *s, const struct config *config, bool migrate)
{
    struct world *world = &s->world;
    const struct poller_options poller = {&s->database, world->directory, world->freshness,
                                          migrate};
    if (!start_spooler(s, config) || !(world->poller = poller_start(&poller)))
        return false;
    /* Who takes over a socket, and with it requests, must know keys and surveys by then; and the
     * others need the schema that a migration makes. */
    poller_wait_first(world->poller, FIRST_LOOK_MS);
    return (world->pool = pool_start(&s->database, config->db_workers, JOBS_MAX)) &&
           start_lanes(s, config) && (s->folder = folder_start(&s->folds, world->displays));
}

static struct reply dress(const struct call *call, struct reply reply)
{
    reply = pages_dress(call, reply);
    quota_tell(call, &reply);
    return reply;
}

static bool start_servers(struct service *s, const struct config *config)
{
    s->app = (struct server_app){
        .routes = api_routes,
        .world = &s->world,
        .admit = access_admit,
        .submit = jobs_submit,
        .recall = recall_call,
        .cors = access_cors,
        .dress = dress,
        .observe = traffic_observe,
    };
    int handed = notify_socket(0), handed_admin = notify_socket(1);
    const struct server_options service = {
        .listen = config->listen,
        .socket = handed > 0 ? handed : 0,
        .listener = LISTENER_SERVICE,
        .threads = config->http_threads,
        .connections = config->connections,
        .connections_per_address = config->connections_per_address,
        .descriptors = DESCRIPTORS_SPARE + ADMIN_CONNECTIONS + config->db_workers +
                       config->http_threads * DESCRIPTORS_A_THREAD,
        .public_url = *config->public_url ? config->public_url : NULL,
        .trusted_proxies = *config->trusted_proxies ? config->trusted_proxies : NULL,
    };
    struct server_options admin = service;
    admin.listen = config->admin_listen;
    admin.socket = handed_admin > 0 ? handed_admin : 0;
    admin.listener = LISTENER_ADMIN;
    admin.threads = 1;
    admin.connections = ADMIN_CONNECTIONS;
    s->server = server_start(&service, &s->app);
    if (s->server && *config->admin_listen)
        s->admin = server_start(&admin, &s->app);
    return s->server && (s->admin || !*config->admin_listen);
}

static void tell_listening(const struct service *s, const struct config *config)
{
    log_info(NULL, "listening", LOG_TEXT("address", server_address(s->server)),
             LOG_TEXT("admin", s->admin ? server_address(s->admin) : "off"),
             LOG_TEXT("version", NPSD_VERSION),
             LOG_TEXT("durability", config->allow_unsafe_durability ? "unsafe-allowed" : "safe"));
}

/* Refuses to start on a database that could lose answers; one that is away is waited for by the
 * poller. */
static bool check_durability(const struct config *config)
{
    struct pg_options options = cli_database(config);
    options.sets = NULL;
    struct pg *pg = pg_new(&options);
    enum db_status status = pg_connect(pg);
    if (status == DB_UNSAFE)
        cli_database_error(pg, status);
    pg_free(pg);
    return status != DB_UNSAFE;
}

static void *end_at_second_signal(void *signals)
{
    int signal_number;
    sigwait(signals, &signal_number);
    _exit(128 + signal_number);
}

static void wait_for_signal(void)
{
    static sigset_t signals;
    pthread_t thread;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    int signal_number = watch_until(&signals);
    log_info(NULL, "draining", LOG_NUMBER("signal", signal_number));
    if (pthread_create(&thread, NULL, end_at_second_signal, &signals) == 0)
        pthread_detach(thread);
}

/*
 * Answers what was accepted, then ends everything. False if some request was not answered in time:
 * then HTTP threads may still come with it, so everything stays as it is.
 * The admin address goes before what its handlers look at; the service goes after those who answer
 * its calls. If somebody still holds one of those, nothing is freed: the process is about to end.
 */
static bool stop(struct service *s)
{
    struct world *world = &s->world;
    atomic_store(&world->draining, true);
    bool answered = true;
    if (s->server) {
        server_drain(s->server);
        answered = server_wait(s->server, DRAIN_MS);
    }
    if (!answered)
        return false;
    bool ended = server_stop(s->admin);
    folder_stop(s->folder);
    lane_stop(world->single);
    for (int i = 0; i < BATCH_LANES; i++)
        lane_stop(world->batch[i]);
    spooler_stop(world->spooler);
    pool_stop(world->pool);
    ended &= server_stop(s->server);
    poller_stop(world->poller);
    if (!ended)
        return false;
    recall_free(world->recall);
    stale_free(world->stale);
    freshness_free(world->freshness);
    limits_free(world->limits);
    limits_free(world->key_limits);
    limits_free(world->looks);
    limits_free(world->asks);
    failures_free(world->failures);
    display_meter_free(world->displays);
    values_free(world->values);
    directory_free(world->directory);
    return true;
}

static int serve(const struct config *config, bool migrate)
{
    static struct service service; /* threads that cannot be ended outlive this frame */
    sigset_t signals;
    /* Before any thread is started, so that all inherit it and only sigwait takes them. */
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    if (!check_durability(config))
        return CLI_REFUSED;
    bool started = make_state(&service, config) && start_state(&service, config, migrate) &&
                   start_servers(&service, config);
    if (started) {
        tell_listening(&service, config);
        wait_for_signal();
    } else {
        log_error(NULL, "start-failed");
    }
    bool answered = stop(&service);
    log_rest(true);
    log_info(NULL, "stopped", LOG_TEXT("answered", answered ? "all" : "not all"));
    return started && answered ? CLI_OK : CLI_REFUSED;
}

int cli_serve(int argc, char **argv, const struct config *config)
{
    bool migrate;
    int status;
    if (!cli_flag(argc, argv, help, "migrate", &migrate, &status))
        return status;
    if (migrate && !cli_can_migrate(config))
        return CLI_USAGE;
    return cli_has_database(config) ? serve(config, migrate) : CLI_AWAY;
}
