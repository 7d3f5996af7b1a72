#include "npsd/cli/cli.h"

#include "npsd/base/buf.h"
#include "npsd/base/text.h"
#include "npsd/cli/key_options.h"
#include "npsd/cli/table.h"
#include "npsd/state/keytext.h"
#include "npsd/store/audit.h"
#include "npsd/store/keys.h"
#include "npsd/store/surveys.h"

#include <string.h>

static const char usage[] =
    "usage: npsd key create --role ROLE [--survey S]... [--name N] [--origin URL]...\n"
    "                       [--expires-in-days N]\n"
    "       npsd key list\n"
    "       npsd key revoke ID\n"
    "\n"
    "create prints the new key, once, and nothing else on standard output.\n"
    "  --role ROLE    submit   may stand in web pages: posts responses\n"
    "                 agent    a named person: posts responses by phone\n"
    "                 viewer   sees numbers\n"
    "                 analyst  sees and corrects responses too\n"
    "                 admin    may do everything\n"
    "  --survey S     the key is for this survey; repeat it for more; without: for all\n"
    "  --name N       who or what holds the key; needed for an agent\n"
    "  --origin URL   the key works in pages of this origin only; repeat it for more\n"
    "  --expires-in-days N   the key ends by itself; without: when it is revoked\n"
    "list shows all keys, also those that have ended. revoke ends one: within a second everywhere.\n";

static const char actor[] = "command line";

static int run(int argc, char **argv, struct pg *pg, struct arena *arena);

static const struct cli_group group = {"key", usage, "create, list or revoke?", run};

static int misused(const char *detail)
{
    return cli_group_misused(&group, detail);
}

/* --- create --- */

struct creation {
    struct arena *arena;
    const struct key_options *options;
    struct key_record record;
    const char *missing; /* a survey that is not there */
};

static int32_t survey_id_of(const struct survey_record *surveys, size_t count, const char *slug)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(surveys[i].slug, slug) == 0)
            return surveys[i].id;
    return 0;
}

static enum db_status find_surveys(struct pg *pg, struct creation *creation)
{
    const struct key_options *options = creation->options;
    struct survey_record *surveys;
    size_t count;

    enum db_status status = surveys_read_all(pg, creation->arena, &surveys, &count);
    if (status != DB_OK)
        return status;
    int32_t *ids = arena_calloc(creation->arena, options->survey_count, sizeof(*ids));
    for (size_t i = 0; i < options->survey_count; i++) {
        ids[i] = survey_id_of(surveys, count, options->surveys[i]);
        if (ids[i] == 0)
            creation->missing = options->surveys[i];
    }
    creation->record.surveys = ids;
    return DB_OK;
}

static enum db_status create_body(struct pg *pg, void *context)
{
    struct creation *creation = context;
    int32_t id = 0;

    creation->missing = NULL;
    enum db_status status = find_surveys(pg, creation);
    if (status != DB_OK || creation->missing)
        return status;
    status = keys_insert(pg, &creation->record, &id);
    if (status != DB_OK)
        return status;
    return audit_add(pg, actor, "key.create", 0, arena_printf(creation->arena, "key %d", id),
                     arena_printf(creation->arena, "%s %s", role_name(creation->record.role),
                                  creation->record.name));
}

static struct key_record record_of(const struct key_options *options, const char *key, char *hint)
{
    return (struct key_record){
        .role = options->role,
        .name = options->name ? options->name : role_name(options->role),
        .hint = keytext_hint(key, hint),
        .all_surveys = options->survey_count == 0,
        .survey_count = options->survey_count,
        .origins = options->origins,
        .origin_count = options->origin_count,
        .hash = crypto_sha256(key, strlen(key)),
        .expires_in_days = options->expires_in_days,
    };
}

static int create(struct pg *pg, struct arena *arena, const struct key_options *options)
{
    char key[KEYTEXT_SIZE], hint[KEYTEXT_HINT_SIZE];
    struct creation creation = {.arena = arena, .options = options};

    keytext_make(options->role, key);
    creation.record = record_of(options, key, hint);
    enum db_status status =
        pg_transaction(pg, "key-create", DB_READ_COMMITTED, create_body, &creation);
    if (status != DB_OK)
        return cli_database_error(pg, status);
    if (creation.missing) {
        fprintf(stderr, "npsd key create: there is no survey %s\n", creation.missing);
        return CLI_REFUSED;
    }
    if (printf("%s\n", key) < 0 || fflush(stdout) != 0) {
        perror("npsd key create: the key could not be printed; revoke it and create another");
        return CLI_REFUSED;
    }
    return CLI_OK;
}

/* --- list --- */

static const char *survey_names(struct arena *arena, const struct key_record *key,
                                const struct survey_record *surveys, size_t count)
{
    struct buf names = buf_make(arena, 64);

    if (key->all_surveys)
        return "all";
    for (size_t i = 0; i < key->survey_count; i++) {
        for (size_t j = 0; j < count; j++)
            if (surveys[j].id == key->surveys[i])
                buf_printf(&names, "%s%s", names.len > 0 ? "," : "", surveys[j].slug);
    }
    return names.len > 0 ? names.data : "none left";
}

static void add_row(struct table *table, const struct key_record *key,
                    const struct survey_record *surveys, size_t survey_count)
{
    table_add(table, arena_printf(table->arena, "%d", key->id));
    table_add(table, role_name(key->role));
    table_add(table, key->name);
    table_add(table, survey_names(table->arena, key, surveys, survey_count));
    table_add(table, key->hint);
    table_add_time(table, key->created_us);
    table_add_time(table, key->last_used_us);
    table_add_time(table, key->expires_us);
    table_add_time(table, key->revoked_us);
}

static int list(struct pg *pg, struct arena *arena)
{
    static const char *const headings[] = {"ID",      "ROLE",      "NAME",    "SURVEYS", "HINT",
                                           "CREATED", "LAST USED", "EXPIRES", "REVOKED"};
    struct table table = table_make(arena, headings, sizeof(headings) / sizeof(headings[0]));
    struct survey_record *surveys;
    struct key_record *keys;
    size_t survey_count, key_count;

    enum db_status status = keys_read_all(pg, arena, true, &keys, &key_count);
    if (status == DB_OK)
        status = surveys_read_all(pg, arena, &surveys, &survey_count);
    if (status != DB_OK)
        return cli_database_error(pg, status);
    for (size_t i = 0; i < key_count; i++)
        add_row(&table, &keys[i], surveys, survey_count);
    table_print(&table, stdout);
    return CLI_OK;
}

/* --- revoke --- */

struct revocation {
    int32_t id;
    bool found;
};

static enum db_status revoke_body(struct pg *pg, void *context)
{
    struct revocation *revocation = context;
    char subject[32];

    snprintf(subject, sizeof(subject), "key %d", revocation->id);
    enum db_status status = keys_revoke(pg, revocation->id, &revocation->found);
    if (status == DB_OK && revocation->found)
        status = audit_add(pg, actor, "key.revoke", 0, subject, NULL);
    return status;
}

static int revoke(struct pg *pg, int32_t id)
{
    struct revocation revocation = {.id = id};
    enum db_status status =
        pg_transaction(pg, "key-revoke", DB_READ_COMMITTED, revoke_body, &revocation);

    if (status != DB_OK)
        return cli_database_error(pg, status);
    if (!revocation.found) {
        fprintf(stderr, "npsd key revoke: there is no good key %d\n", id);
        return CLI_REFUSED;
    }
    return CLI_OK;
}

/* --- which of them --- */

static int run_create(int argc, char **argv, struct pg *pg, struct arena *arena)
{
    struct key_options options;

    if (!key_options_read(argc, argv, &options))
        return CLI_USAGE;
    if (options.help) {
        fputs(usage, stdout);
        return CLI_OK;
    }
    return create(pg, arena, &options);
}

static int run_revoke(int argc, char **argv, struct pg *pg)
{
    int64_t id;

    if (argc != 2 || !text_to_number(argv[1], strlen(argv[1]), 1, INT32_MAX, &id))
        return misused("revoke takes the id of one key");
    return revoke(pg, (int32_t)id);
}

static int run(int argc, char **argv, struct pg *pg, struct arena *arena)
{
    if (strcmp(argv[0], "create") == 0)
        return run_create(argc, argv, pg, arena);
    if (strcmp(argv[0], "list") == 0 && argc == 1)
        return list(pg, arena);
    if (strcmp(argv[0], "revoke") == 0)
        return run_revoke(argc, argv, pg);
    return misused(group.choices);
}

int cli_key(int argc, char **argv, const struct config *config)
{
    return cli_run_group(&group, argc, argv, config);
}
