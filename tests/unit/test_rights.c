/* Who may do what in the database: every table, view, sequence and function there is stands here,
 * so a new one without a decision is a red test; and what is forbidden is tried. */
#include "suite.h"
#include "support/unit_database.h"
#include <string.h>

#define COUNTERS "n0,n1,n2,n3,n4,n5,n6,n7,n8,n9,n10"
#define TALLY "select insert update(" COUNTERS ") delete"

/* What a role may do with each; "": nothing. Rights in some columns name them, in their order. */
struct decision {
    const char *name, *app, *read;
};

static const struct decision tables[] = {
    {"api_key", "select insert update(last_used_at,revoked_at)", ""},
    {"audit", "insert(actor,action,survey_id,subject,detail)", ""},
    {"directory", "select", ""},
    {"display", "select insert update(shown,dismissed) delete", ""},
    {"facet_value", "select insert delete", ""},
    {"journal", "select insert delete", ""},
    {"journal_cell", "select", ""},
    {"question", "select insert update(id,position,definition)", ""},
    {"response",
     "select insert update(score,channel,answered_at,updated_at,agent,f1,f2,f3,f4,f5,f6,f7,f8,"
     "excluded,erased,external_id,language,respondent,exclusion_reason,answers,properties,suspect)",
     ""},
    {"response_history", "select insert", ""},
    {"schema_migrations", "select", ""},
    {"secret", "select insert", ""},
    {"survey",
     "select insert update(title,time_zone,access,open,badge_public,min_responses,edit_minutes,"
     "keep_text_days,facets,facets_active,updated_at,brand,suspects)",
     ""},
    {"tally_day", TALLY, ""},
    {"tally_hour", TALLY, ""},
    {"tally_month", TALLY, ""},
    {"tally_quarter", TALLY, ""},
    {"tally_six_hours", TALLY, ""},
    {"tally_state", "select insert update(low,changed) delete", ""},
    {"tally_year", TALLY, ""},
    {"v_display", "", "select"},
    {"v_nps_daily", "", "select"},
    {"v_response", "",
     "select(survey,id,answered_at,received_at,updated_at,score,score_group,channel,agent,language,"
     "excluded,suspect,facets)"},
    {"v_tally", "", "select"},
};

/* Identity columns need no right to their sequence. */
static const struct decision sequences[] = {
    {"api_key_id_seq", "", ""},
    {"audit_id_seq", "", ""},
    {"survey_id_seq", "", ""},
};

static const struct decision functions[] = {
    {"counted_answers(integer)", "execute", ""},
    {"directory_changed()", "", ""},
    {"key_stays_revoked()", "", ""},
    {"quarter_of(timestamp with time zone)", "execute", ""},
    {"response_cuts(integer,timestamp with time zone,timestamp with time zone)", "execute", ""},
    {"response_history_drop(integer,uuid)", "execute", ""},
    {"response_numbers(integer,timestamp with time zone,timestamp with time zone)", "execute", ""},
    {"survey_delete_answers(bigint,uuid)", "execute", ""},
    {"survey_delete_begin(integer,text,text)", "execute", ""},
    {"survey_delete_end(bigint)", "execute", ""},
    {"survey_is_gone()", "", ""},
};

/* --- what the catalog says --- */

/* "who" has the role and the thing. */
#define EFFECTIVE(names, whole, part)                                                              \
    "select coalesce(string_agg(told, ' ' order by n), '') from (select n, case when " whole       \
    " then name" part " end as told from who cross join unnest(array[" names                       \
    "]) with ordinality rights (name, n)) t"

#define IN_COLUMNS                                                                                 \
    " when name in ('select', 'insert', 'update', 'references') then (select name || '('"          \
    " || string_agg(attname, ',' order by attnum) || ')' from pg_attribute"                        \
    " where attrelid = thing::regclass and attnum > 0 and not attisdropped"                        \
    " and has_column_privilege(role, attrelid, attnum, name))"

static void holds(const char *query, const char *role, const char *name, const char *expected)
{
    const char *rights = unit_pg_value("with who (role, thing) as (values ('%s'::name, '%s')) %s",
                                       role, name, query);
    ck_assert_msg(strcmp(rights, expected) == 0, "%s may do with %s: %s\nnot what is decided: %s",
                  role, name, rights, expected);
}

static void walk(const struct decision *decisions, size_t count, const char *query)
{
    for (size_t i = 0; i < count; i++) {
        holds(query, "npsd_app", decisions[i].name, decisions[i].app);
        holds(query, "npsd_read", decisions[i].name, decisions[i].read);
        holds(query, "public", decisions[i].name, "");
    }
}

/* The catalog's names, in their order, are those decided on. */
static void covers(const struct decision *decisions, size_t count, const char *names)
{
    char list[1024] = "";
    for (size_t i = 0; i < count; i++)
        snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", i > 0 ? ";" : "",
                 decisions[i].name);
    ck_assert_str_eq(unit_pg_value("%s", names), list);
}

#define RELATIONS(kinds)                                                                           \
    "select string_agg(relname, ';' order by relname collate \"C\") from pg_class"                 \
    " where relnamespace = 'public'::regnamespace and relkind " kinds

START_TEST(of_tables_and_views)
{
    covers(tables, COUNT_OF(tables), RELATIONS("not in ('S', 'i', 'I', 'c')"));
    walk(tables, COUNT_OF(tables),
         EFFECTIVE("'select', 'insert', 'update', 'delete', 'truncate', 'references', 'trigger'",
                   "has_table_privilege(role, thing, name)", IN_COLUMNS));
}
END_TEST

START_TEST(of_sequences)
{
    covers(sequences, COUNT_OF(sequences), RELATIONS("= 'S'"));
    walk(sequences, COUNT_OF(sequences),
         EFFECTIVE("'usage', 'select', 'update'", "has_sequence_privilege(role, thing, name)", ""));
}
END_TEST

START_TEST(of_functions)
{
    covers(functions, COUNT_OF(functions),
           "select string_agg(oid::regprocedure::text, ';' order by oid::regprocedure::text"
           " collate \"C\") from pg_proc where pronamespace = 'public'::regnamespace");
    walk(functions, COUNT_OF(functions),
         EFFECTIVE("'execute'", "has_function_privilege(role, thing, name)", ""));
}
END_TEST

/* No schema but this one, and nothing made in it, nor beside it for the length of a session. */
START_TEST(of_schema_and_database)
{
    static const char schema[] =
        EFFECTIVE("'usage', 'create'", "has_schema_privilege(role, thing, name)", "");
    static const char database[] =
        EFFECTIVE("'connect', 'create', 'temporary'",
                  "has_database_privilege(role, current_database(), name)", "");
    static const struct decision one[] = {{"public", "usage", "usage"}};
    walk(one, 1, schema);
    holds(database, "npsd_app", "", "connect");
    holds(database, "npsd_read", "", "connect");
    holds(database, "public", "", "");
    ck_assert_str_eq(unit_pg_value("select string_agg(nspname, ' ') from pg_namespace where nspname"
                                   " !~ '^pg_' and nspname <> 'information_schema'"),
                     "public");
}
END_TEST

START_TEST(of_the_roles)
{
    ck_assert_int_eq(
        unit_pg_number("select count(*) from pg_roles where rolname in ('npsd_app', 'npsd_read')"
                       " and not rolsuper and not rolcreatedb and not rolcreaterole"
                       " and not rolcanlogin and not rolinherit and not rolreplication"
                       " and not rolbypassrls"),
        2);
    ck_assert_int_eq(
        unit_pg_number("select count(*) from pg_auth_members where member in"
                       " (select oid from pg_roles where rolname in ('npsd_app', 'npsd_read'))"),
        0);
    /* What runs with its owner's rights looks for names where nobody else can put them. */
    ck_assert_str_eq(unit_pg_value("select string_agg(proname || ' ' || array_to_string(proconfig,"
                                   " ' '), ';' order by proname) from pg_proc"
                                   " where pronamespace = 'public'::regnamespace and prosecdef"),
                     "directory_changed search_path=public, pg_temp;"
                     "response_history_drop search_path=pg_catalog, public, pg_temp;"
                     "survey_delete_answers search_path=pg_catalog, public, pg_temp;"
                     "survey_delete_begin search_path=pg_catalog, public, pg_temp;"
                     "survey_delete_end search_path=pg_catalog, public, pg_temp;"
                     "survey_is_gone search_path=pg_catalog, public, pg_temp");
}
END_TEST

/* --- trying --- */

/* Each of the statements (";" is between them), in which %1$s is the first word and %2$s the second
 * one, ends with "insufficient privilege" for each of the roles, and not in any other way. */
static void forbidden_to(const char *roles, const char *statements, const char *first,
                         const char *second)
{
    unit_pg_sql("do $do$ declare who text; what text; begin"
                "  foreach who in array array[%s] loop"
                "    foreach what in array string_to_array($try$%s$try$, ';') loop"
                "      begin"
                "        execute format('set local role %%I', who);"
                "        execute format(what, '%s', '%s');"
                "        raise exception '%% did it: %%', who, what;"
                "      exception when insufficient_privilege then null; end;"
                "    end loop;"
                "  end loop;"
                " end $do$",
                roles, statements, first, second);
}

static void forbidden(const char *const *statements, size_t count)
{
    for (size_t i = 0; i < count; i++)
        forbidden_to("'npsd_app', 'npsd_read'", statements[i], "", "");
}

static void nobody_does(const char *statements, const char *kind, const char *name)
{
    forbidden_to("'npsd_app', 'npsd_read'", statements, kind, name);
}

#define CHANGES                                                                                    \
    "drop %1$s %2$s cascade;alter %1$s %2$s rename to other;"                                      \
    "alter %1$s %2$s owner to current_user;comment on %1$s %2$s is 'x'"
#define TABLE_CHANGES                                                                              \
    ";truncate %2$s cascade;alter table %2$s add column more int;"                                 \
    "alter table %2$s disable trigger all;"                                                        \
    "create trigger more after insert on %2$s execute function"                                    \
    " suppress_redundant_updates_trigger()"

START_TEST(nothing_is_dropped_or_altered)
{
    for (size_t i = 0; i < COUNT_OF(tables); i++) {
        const char *name = tables[i].name;
        bool view = strncmp(name, "v_", 2) == 0 || strcmp(name, "journal_cell") == 0;
        nobody_does(view ? CHANGES : CHANGES TABLE_CHANGES, view ? "view" : "table", name);
    }
    for (size_t i = 0; i < COUNT_OF(sequences); i++)
        nobody_does(CHANGES ";select setval('%2$s', 1);select nextval('%2$s')", "sequence",
                    sequences[i].name);
    for (size_t i = 0; i < COUNT_OF(functions); i++)
        nobody_does(CHANGES, "function", functions[i].name);
}
END_TEST

START_TEST(nothing_is_made)
{
    static const char *const statements[] = {
        "create table public.more (n int)",
        "create temporary table more (n int)",
        "create view public.more as select 1",
        "create function public.more() returns int language sql return 1",
        "create type public.more as enum ('a')",
        "create schema more",
        "create extension pg_trgm",
        "create role more",
        "alter role npsd_app superuser",
        "grant pg_read_server_files to npsd_app",
        "grant select on audit to npsd_app",
        "copy survey to program 'true'",
        "copy survey to '/tmp/more'",
        "select pg_read_file('/etc/hostname')",
        "select lo_import('/etc/hostname')",
        "select pg_reload_conf()",
    };
    forbidden(statements, COUNT_OF(statements));
}
END_TEST

/* What was done stays done, and whoever takes over the daemon does not learn or hide it. */
START_TEST(the_audit_trail_is_for_adding)
{
    static const char *const statements[] = {
        "select count(*) from audit",
        "update audit set actor = 'x'",
        "update audit set detail = detail where id = 1",
        "delete from audit",
        "lock table audit in access exclusive mode",
        "insert into audit (at, actor, action) values ('epoch', 'x', 'y')",
        "insert into audit (actor, action) values ('x', 'y') returning id",
        "insert into audit (id, actor) overriding system value values (1, 'x')",
    };
    forbidden(statements, COUNT_OF(statements));
    unit_pg_sql(
        "begin; set local role npsd_app; insert into audit (actor, action) values ('x', 'y');"
        " rollback");
}
END_TEST

START_TEST(what_is_first_stays)
{
    static const char *const statements[] = {
        "update api_key set role = 'admin'",
        "update api_key set hash = sha256('x')",
        "update api_key set surveys = null",
        "delete from api_key",
        "update secret set value = '\\x00'",
        "delete from secret",
        "update directory set version = 0",
        "update response set id = gen_random_uuid()",
        "update response set body_hash = ''",
        "update response set received_at = 'epoch'",
        "update response_history set score = 10",
        "update facet_value set value = 'x'",
        "update journal set weights = '{}'",
        "update survey set slug = 'x'",
        "delete from question",
        "delete from survey",
        "delete from response",
        "delete from response_history",
        "update schema_migrations set sha256 = ''",
    };
    forbidden(statements, COUNT_OF(statements));
}
END_TEST

/* People with SQL tools see what is counted, not who said what. */
START_TEST(readers_see_no_persons)
{
    static const char *const personal[] = {"respondent", "external_id",      "answers",
                                           "properties", "exclusion_reason", "*"};
    unit_pg_sql("insert into survey (slug, title, facets, facets_active) values"
                " ('s', '{\"en\": \"T\"}', '{branch,floor}', '{true,true}');"
                " insert into response (survey_id, score, channel, answered_at, received_at, id,"
                "  body_hash, respondent, answers, properties) select id, 9, 0, now(), now(),"
                "  gen_random_uuid(), '\\x00', 'olga@example.org', '{\"why\": \"Olga\"}',"
                "  '{\"branch\": \"north\", \"mail\": \"olga@example.org\"}' from survey");
    for (size_t i = 0; i < COUNT_OF(personal); i++)
        forbidden_to("'npsd_read'", "select %2$s from v_response", "", personal[i]);
    for (size_t i = 0; i < COUNT_OF(tables); i++)
        if (!*tables[i].read)
            forbidden_to("'npsd_read'", "select from %2$s", "", tables[i].name);
    ck_assert_str_eq(
        unit_pg_value("set role npsd_read; select concat_ws(' ', survey, score, score_group,"
                      " channel, facets) from v_response"),
        "s 9 promoter web {\"branch\": \"north\"}");
    ck_assert_int_eq(unit_pg_number("set role npsd_read; select (select count(*) from v_tally)"
                                    " + (select count(*) from v_nps_daily)"
                                    " + (select count(*) from v_display)"),
                     0);
}
END_TEST

/* --- what goes by way of functions only --- */

#define AS_APP "begin; set local role npsd_app; "
#define ALL "'00000000-0000-0000-0000-000000000000'"
#define FIRST_ID "'00000000-0000-7000-8000-000000000001'"
#define SECOND_ID "'00000000-0000-7000-8000-000000000002'"

/* Survey s and survey t, each with two answers that were corrected once. */
static void two_surveys(void)
{
    unit_pg_sql("truncate survey, response, response_history, audit cascade;"
                " insert into survey (slug, title) select slug, '{\"en\": \"T\"}'"
                "  from unnest(array['s', 't']) slug;"
                " insert into question (survey_id, n, id, position, definition)"
                "  select id, 1, 'score', 1, '{}' from survey;"
                " insert into response (survey_id, score, channel, answered_at, received_at, id,"
                "  body_hash) select s.id, 9, 0, now(), now(), r, '\\x00' from survey s"
                "  cross join unnest(array[" FIRST_ID ", " SECOND_ID "]::uuid[]) r;"
                " insert into response_history (survey_id, id, version, changed_at, changed_by,"
                "  score, channel, answered_at, excluded) select survey_id, id, 1, now(), 'x', 1,"
                "  0, now(), false from response");
}

/* Rows of the survey's question, answers, history and of itself. */
static void is_left(const char *slug, const char *expected)
{
    ck_assert_str_eq(
        unit_pg_value("with s as (select id from survey where slug = '%s' union all"
                      "  select survey_id from audit where subject = '%s' limit 1)"
                      " select concat_ws(' ',"
                      " (select count(*) from question where survey_id = s.id),"
                      " (select count(*) from response where survey_id = s.id),"
                      " (select count(*) from response_history where survey_id = s.id),"
                      " (select count(*) from survey where id = s.id)) from s",
                      slug, slug),
        expected);
}

START_TEST(a_survey_is_deleted_by_function)
{
    two_surveys();
    unit_pg_sql(AS_APP "do $$ declare begun bigint; begin"
                       " begun := (select survey_delete_begin(id, 'me', 'more') from survey"
                       "  where slug = 's');"
                       " if not (select is_last from survey_delete_answers(begun, " ALL "))"
                       " then raise 'more than one piece'; end if;"
                       " perform survey_delete_end(begun);"
                       " end $$; commit");
    is_left("s", "0 0 0 0");
    is_left("t", "1 2 2 1");
    ck_assert_str_eq(unit_pg_value("select concat_ws('|', actor, action, survey_id > 0, subject,"
                                   " detail) from audit"),
                     "me|survey.delete|t|s|more");
}
END_TEST

/* Answers do not go without their survey, nor either without a trace: the statements end as they
 * shall, and nothing has changed. */
static void deletes_nothing(const char *statements, const char *sqlstate)
{
    unit_pg_sql("create table tried (state text)");
    unit_pg_sql("do $do$ begin"
                "  set local role npsd_app;"
                "  execute $try$do $$ declare begun bigint; begin %s;"
                "   set constraints all immediate; end $$$try$;"
                "  reset role; insert into tried values ('00000');"
                " exception when others then insert into tried values (sqlstate);"
                " end $do$",
                statements);
    const char *state = unit_pg_value("select state from tried");
    ck_assert_msg(strcmp(state, sqlstate) == 0, "%s: %s", statements, state);
    unit_pg_sql("drop table tried");
    is_left("s", "1 2 2 1");
    is_left("t", "1 2 2 1");
}

#define BEGUN "begun := (select survey_delete_begin(id, 'me', null) from survey where slug = 's');"

START_TEST(answers_go_with_their_survey)
{
    two_surveys();
    deletes_nothing("perform survey_delete_begin(id, 'me', null) from survey", "42501");
    deletes_nothing(BEGUN "perform survey_delete_answers(begun, " ALL ")", "42501");
    /* A row of one's own is as good as one of the function: its survey goes. */
    deletes_nothing("insert into audit (actor, action, survey_id) select 'me', 'survey.delete', id"
                    " from survey",
                    "42501");
    deletes_nothing("perform survey_delete_answers(n, " ALL ") from generate_series(0, 9) n",
                    "00000");
    deletes_nothing("perform survey_delete_end(n) from generate_series(0, 9) n", "00000");
    deletes_nothing("perform survey_delete_begin(n, 'me', null) from generate_series(-9, 0) n",
                    "00000");
    deletes_nothing("insert into audit (actor, action, survey_id) select 'me', 'survey.change', id"
                    " from survey; perform survey_delete_answers(n, " ALL "), survey_delete_end(n)"
                    " from generate_series(0, 99) n",
                    "00000");
    /* Begun long ago. */
    unit_pg_sql("alter table audit disable trigger all; insert into audit (actor, action,"
                " survey_id) select 'me', 'survey.delete', id from survey;"
                " alter table audit enable trigger all");
    deletes_nothing("perform survey_delete_answers(n, " ALL "), survey_delete_end(n)"
                    " from generate_series(0, 99) n",
                    "00000");
}
END_TEST

/* History is as lasting as its answer. */
START_TEST(history_goes_with_an_erased_answer)
{
    two_surveys();
    deletes_nothing("perform response_history_drop(survey_id, id) from response", "00000");
    unit_pg_sql(AS_APP "update response set erased = true from survey s where s.id = survey_id"
                       " and slug = 's' and response.id = " FIRST_ID ";"
                       " select response_history_drop(survey_id, id) from response; commit");
    is_left("s", "1 2 1 1");
    is_left("t", "1 2 2 1");
    ck_assert_int_eq(unit_pg_number("select count(*) from response_history h join response r"
                                    " using (survey_id, id) where r.erased"),
                     0);
}
END_TEST

START_TEST(a_revoked_key_stays_revoked)
{
    static const char *const revivals[] = {"null", "now()", "clock_timestamp() + make_interval(1)"};
    unit_pg_sql("insert into api_key (role, name, hash, hint, revoked_at) values"
                " ('admin', 'gone', sha256('gone'), 'h', '2001-01-01'),"
                " ('admin', 'good', sha256('good'), 'h', null)");
    for (size_t i = 0; i < COUNT_OF(revivals); i++)
        forbidden_to("'npsd_app', session_user",
                     "update api_key set revoked_at = %2$s where revoked_at is not null;"
                     "update api_key set revoked_at = %2$s",
                     "", revivals[i]);
    unit_pg_sql(AS_APP "update api_key set last_used_at = now();"
                       " update api_key set revoked_at = revoked_at where name = 'gone';"
                       " update api_key set revoked_at = now() where name = 'good'; commit");
    ck_assert_int_eq(unit_pg_number("select count(*) from api_key where revoked_at is not null"
                                    " and last_used_at is not null and name in ('gone', 'good')"),
                     2);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rights");
    TCase *tcase = tcase_create("rights");
    tcase_set_timeout(tcase, 30);
    const TTest *const tests[] = {
        of_tables_and_views,
        of_sequences,
        of_functions,
        of_schema_and_database,
        of_the_roles,
        nothing_is_dropped_or_altered,
        nothing_is_made,
        what_is_first_stays,
        the_audit_trail_is_for_adding,
        readers_see_no_persons,
        a_survey_is_deleted_by_function,
        answers_go_with_their_survey,
        history_goes_with_an_erased_answer,
        a_revoked_key_stays_revoked,
    };
    for (size_t i = 0; i < COUNT_OF(tests); i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    return unit_database_run(suite);
}
