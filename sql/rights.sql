-- Who may do what in this database, all of it; run again by "npsd migrate" whenever this file changes. It begins with
-- nothing, so what is not listed here may be used by its owner only. tests/unit/test_rights.c has the same list.

do $$
begin
  execute format('revoke all on database %I from public', current_database());
exception when insufficient_privilege then
  raise notice 'the database stays open to all roles: % does not own it', current_user;
end $$;

do $$
declare
  thing text;
begin
  for thing in
    select format('%s %s', case relkind when 'S' then 'sequence' else 'table' end, oid::regclass)
    from pg_class
    where relnamespace = 'public'::regnamespace and relkind in ('r', 'v', 'S') and pg_has_role(relowner, 'usage')
    union all
    select format('function %s', oid::regprocedure)
    from pg_proc where pronamespace = 'public'::regnamespace and prokind = 'f' and pg_has_role(proowner, 'usage')
  loop
    execute format('revoke all on %s from public', thing);
    if exists (select from pg_roles where rolname = 'npsd_app') then
      execute format('revoke all on %s from npsd_app', thing);
    end if;
    if exists (select from pg_roles where rolname = 'npsd_read') then
      execute format('revoke all on %s from npsd_read', thing);
    end if;
  end loop;
end $$;

-- The daemon and its commands. What an answer was first sent as (id, hash, time) is never changed; what was audited is
-- neither changed nor read; a key's hash and rights are as they were made. Answers, their history and surveys go by way
-- of functions only.
do $$
declare
  item record;
begin
  if not exists (select from pg_roles where rolname = 'npsd_app') then
    return;
  end if;
  execute format('grant connect on database %I to npsd_app', current_database());
  for item in select * from (values
      ('usage', 'schema public'),
      ('select, insert, update (title, time_zone, access, open, badge_public, min_responses, edit_minutes,'
       ' keep_text_days, facets, facets_active, updated_at, brand, suspects)', 'survey'),
      ('select, insert, update (id, position, definition)', 'question'),
      ('select, insert, update (last_used_at, revoked_at)', 'api_key'),
      ('select, insert', 'secret'),
      ('select', 'directory'),
      ('insert (actor, action, survey_id, subject, detail)', 'audit'),
      ('select, insert, update (score, channel, answered_at, updated_at, agent, f1, f2, f3, f4, f5, f6, f7, f8,'
       ' excluded, erased, external_id, language, respondent, exclusion_reason, answers, properties, suspect)',
       'response'),
      ('select, insert', 'response_history'),
      ('select, insert, delete', 'facet_value'),
      ('select, insert, delete', 'journal'),
      ('select', 'journal_cell'),
      ('select, insert, delete, update (low, changed)', 'tally_state'),
      ('select, insert, delete, update (n0, n1, n2, n3, n4, n5, n6, n7, n8, n9, n10)',
       'tally_quarter, tally_hour, tally_six_hours, tally_day, tally_month, tally_year'),
      ('select, insert, delete, update (shown, dismissed)', 'display'),
      ('select', 'schema_migrations'),
      ('execute', 'function quarter_of(timestamptz), counted_answers(int), response_cuts(int, timestamptz, timestamptz),'
       ' response_numbers(int, timestamptz, timestamptz), response_history_drop(int, uuid),'
       ' survey_delete_begin(int, text, text), survey_delete_answers(bigint, uuid), survey_delete_end(bigint)')) t (what, things)
  loop
    execute format('grant %s on %s to npsd_app', item.what, item.things);
  end loop;
end $$;

-- People with SQL tools, and dashboards: numbers, and of each answer what is counted; no words, no persons.
do $$
begin
  if not exists (select from pg_roles where rolname = 'npsd_read') then
    return;
  end if;
  execute format('grant connect on database %I to npsd_read', current_database());
  grant usage on schema public to npsd_read;
  grant select on v_tally, v_nps_daily, v_display to npsd_read;
  grant select (survey, id, answered_at, received_at, updated_at, score, score_group, channel, agent, language, excluded,
    suspect, facets) on v_response to npsd_read;
end $$;
