-- The schema. Applied by "npsd migrate" in one transaction; no BEGIN or COMMIT here.
--
-- Everything that grows is keyed by survey_id first. The daemon works as npsd_app, people with SQL tools as
-- npsd_read (views only); the owner of the database owns the tables.

do $$
declare
  wanted text;
begin
  foreach wanted in array array['npsd_app', 'npsd_read'] loop
    if not exists (select from pg_roles where rolname = wanted) then
      begin
        execute format('create role %I nologin nosuperuser nocreatedb nocreaterole noinherit', wanted);
      exception
        -- Another database of this cluster was migrated at the same moment.
        when duplicate_object or unique_violation then null;
        when insufficient_privilege then
          raise notice 'role % is missing and may not be created here: the daemon will work as %', wanted, current_user;
      end;
    end if;
    if exists (select from pg_roles where rolname = wanted) and not pg_has_role(wanted, 'member') then
      begin
        execute format('grant %I to current_user', wanted);
      exception
        when insufficient_privilege then
          raise notice 'role % may not be granted to %: the daemon will work as %', wanted, current_user, current_user;
      end;
    end if;
  end loop;
end $$;

-- What is asked ------------------------------------------------------------------------------------------------------

create table survey (
  id int generated always as identity primary key,
  slug text not null unique check (slug ~ '^[a-z0-9-]{1,64}$'),
  title json not null,
  time_zone text not null default 'UTC',
  access text not null default 'open' check (access in ('open', 'link', 'key')),
  open boolean not null default true,
  badge_public boolean not null default false,
  min_responses int not null default 30 check (min_responses > 0),
  edit_minutes int not null default 30 check (edit_minutes >= 0),
  keep_text_days int check (keep_text_days > 0),
  facets text[] not null default '{}' check (cardinality(facets) <= 8),
  facets_active boolean[] not null default '{}' check (cardinality(facets_active) = cardinality(facets)),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
comment on table survey is 'A survey: what is asked, of whom, and how its answers are cut.';
comment on column survey.id is 'The number that all other tables use; never shown to clients.';
comment on column survey.slug is 'The id that clients know.';
comment on column survey.title is 'Texts by language, in the order given.';
comment on column survey.time_zone is 'IANA name; the default for windows and for days in reports.';
comment on column survey.access is 'Who may answer: open (anyone), link (signed link), key (submit key).';
comment on column survey.open is 'False: closed, no new answers.';
comment on column survey.badge_public is 'True: the badge may be shown without a key.';
comment on column survey.min_responses is 'Fewer answers than this are marked as not enough.';
comment on column survey.edit_minutes is 'How long a person may change the own answer.';
comment on column survey.keep_text_days is 'Texts and respondents are blanked after so many days; null: kept.';
comment on column survey.facets is 'Names of facets by slot: facets[1] is column f1 of response. A slot is never given to another name.';
comment on column survey.facets_active is 'By slot: whether the facet is offered; what is not offered is still counted.';
comment on column survey.created_at is 'When the survey was created.';
comment on column survey.updated_at is 'When its definition changed last.';

create table question (
  survey_id int not null references survey on delete cascade,
  n smallint not null check (n > 0),
  id text not null check (id ~ '^[a-z][a-z0-9_]{0,31}$'),
  position smallint,
  definition json not null,
  primary key (survey_id, n),
  unique (survey_id, id)
);
comment on table question is 'A question of a survey; rows stay when a question is taken off, because answers name them.';
comment on column question.survey_id is 'The survey.';
comment on column question.n is 'Never reused: tallies of its answers have facet 10 + n.';
comment on column question.id is 'The name under which its answers are sent and stored.';
comment on column question.position is 'Its place, 1 is the score; null: taken off.';
comment on column question.definition is 'Type, texts, options with their numbers, bounds, groups asked.';

-- Who may do what ----------------------------------------------------------------------------------------------------

create table api_key (
  id int generated always as identity primary key,
  role text not null check (role in ('submit', 'agent', 'viewer', 'analyst', 'admin')),
  name text not null,
  surveys int[],
  origins text[] not null default '{}',
  hash bytea not null unique check (length(hash) = 32),
  hint text not null,
  created_at timestamptz not null default now(),
  last_used_at timestamptz,
  revoked_at timestamptz
);
comment on table api_key is 'Keys; only their hashes are stored.';
comment on column api_key.id is 'What "npsd key revoke" takes.';
comment on column api_key.role is 'What its holder may do.';
comment on column api_key.name is 'Who or what holds it; of an agent key, the agent that answers are counted under.';
comment on column api_key.surveys is 'Surveys it is for; null: all.';
comment on column api_key.origins is 'Web origins from which it may be used; empty: any.';
comment on column api_key.hash is 'SHA-256 of the key.';
comment on column api_key.hint is 'Its beginning and end, for people to tell keys apart.';
comment on column api_key.created_at is 'When it was made.';
comment on column api_key.last_used_at is 'When it was used last, to about a minute.';
comment on column api_key.revoked_at is 'When it was revoked; null: it is good.';

create table secret (
  name text primary key,
  value bytea not null
);
comment on table secret is 'Secrets that all daemons on this database share.';
comment on column secret.name is 'What it is for: edit (edit tokens), cursor (list cursors).';
comment on column secret.value is '32 random bytes.';

create table directory (
  only_row boolean primary key default true check (only_row),
  version bigint not null
);
comment on table directory is 'One row that moves with every change of surveys, questions and keys, so that daemons know when to read them again.';
comment on column directory.only_row is 'There is one row.';
comment on column directory.version is 'Grows by one with each change.';
insert into directory values (true, 1);

create function directory_changed() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
  update directory set version = version + 1;
  return null;
end $$;
comment on function directory_changed() is 'Bumps directory.version; its row lock puts the changes in commit order.';
create trigger directory_changed after insert or update or delete on survey
  for each statement execute function directory_changed();
create trigger directory_changed after insert or update or delete on question
  for each statement execute function directory_changed();
create trigger directory_changed after insert or delete or update of role, name, surveys, origins, revoked_at on api_key
  for each statement execute function directory_changed();

create table audit (
  id bigint generated always as identity primary key,
  at timestamptz not null default now(),
  actor text not null,
  action text not null,
  survey_id int,
  subject text,
  detail text
);
comment on table audit is 'Who changed what: append only.';
comment on column audit.id is 'Order of writing.';
comment on column audit.at is 'When.';
comment on column audit.actor is 'The key''s id and name, or the command line.';
comment on column audit.action is 'What was done, such as survey.create, key.revoke, response.erase.';
comment on column audit.survey_id is 'The survey concerned, if any.';
comment on column audit.subject is 'The response, key or survey concerned.';
comment on column audit.detail is 'More, for people; never an answer''s text.';

-- Answers ------------------------------------------------------------------------------------------------------------

-- No foreign key (6 us a row on the hot path); the columns are ordered so that no space is lost to alignment.
create table response (
  survey_id int not null,
  score smallint not null check (score between 0 and 10),
  channel smallint not null,
  answered_at timestamptz not null,
  received_at timestamptz not null,
  updated_at timestamptz,
  id uuid not null,
  agent int,
  f1 int, f2 int, f3 int, f4 int, f5 int, f6 int, f7 int, f8 int,
  excluded boolean not null default false,
  erased boolean not null default false,
  body_hash bytea not null,
  external_id text,
  language text,
  respondent text,
  exclusion_reason text,
  answers jsonb,
  properties jsonb,
  primary key (survey_id, id)
);
comment on table response is 'Answer sheets. Only appended to on the hot path; a correction changes its row and appends the difference to the journal.';
comment on column response.survey_id is 'The survey.';
comment on column response.score is '0 to 10.';
comment on column response.channel is '0 web, 1 email, 2 link, 3 sms, 4 phone, 5 kiosk, 6 chat, 7 app, 8 import.';
comment on column response.answered_at is 'When the person answered: what windows are over.';
comment on column response.received_at is 'When the daemon accepted it.';
comment on column response.updated_at is 'When it was corrected, excluded or erased last; null: never.';
comment on column response.id is 'UUIDv7, or derived from survey and key: so the primary key is what makes a retry harmless.';
comment on column response.agent is 'facet_value.id of facet 2.';
comment on column response.f1 is 'facet_value.id of the survey''s facets[1], and so on; 0: past the 1,000 values that are counted.';
comment on column response.f2 is 'See f1.';
comment on column response.f3 is 'See f1.';
comment on column response.f4 is 'See f1.';
comment on column response.f5 is 'See f1.';
comment on column response.f6 is 'See f1.';
comment on column response.f7 is 'See f1.';
comment on column response.f8 is 'See f1.';
comment on column response.excluded is 'True: counts in no number. Erased rows are excluded too.';
comment on column response.erased is 'True: a tombstone: nothing but survey, id and hash is left, so that a late retry cannot bring it back.';
comment on column response.body_hash is 'BLAKE2b (16 bytes) over the canonical content as it was first sent.';
comment on column response.external_id is 'The sender''s own id.';
comment on column response.language is 'Language in which it was answered.';
comment on column response.respondent is 'Who answered, as the sender names the person.';
comment on column response.exclusion_reason is 'Why it is excluded.';
comment on column response.answers is 'Answers by question id, without the score.';
comment on column response.properties is 'Properties by name; those that are facets are counted.';

create index response_time on response (survey_id, answered_at);
-- New rows come at the end of the table, so a block range index serves "received since" at no cost to ingest.
create index response_received on response using brin (received_at) with (pages_per_range = 32, autosummarize = on);
create index response_updated on response (survey_id, updated_at) where updated_at is not null;
create index response_agent on response (survey_id, agent, answered_at) include (score) where agent is not null and not excluded;
create index response_f1 on response (survey_id, f1, answered_at) include (score) where f1 is not null and not excluded;
create index response_f2 on response (survey_id, f2, answered_at) include (score) where f2 is not null and not excluded;
create index response_f3 on response (survey_id, f3, answered_at) include (score) where f3 is not null and not excluded;
create index response_f4 on response (survey_id, f4, answered_at) include (score) where f4 is not null and not excluded;
create index response_f5 on response (survey_id, f5, answered_at) include (score) where f5 is not null and not excluded;
create index response_f6 on response (survey_id, f6, answered_at) include (score) where f6 is not null and not excluded;
create index response_f7 on response (survey_id, f7, answered_at) include (score) where f7 is not null and not excluded;
create index response_f8 on response (survey_id, f8, answered_at) include (score) where f8 is not null and not excluded;

create table response_history (
  survey_id int not null,
  id uuid not null,
  version int not null,
  changed_at timestamptz not null,
  changed_by text not null,
  score smallint not null,
  channel smallint not null,
  answered_at timestamptz not null,
  agent text,
  language text,
  respondent text,
  excluded boolean not null,
  exclusion_reason text,
  answers jsonb,
  properties jsonb,
  primary key (survey_id, id, version)
);
comment on table response_history is 'Responses as they were before each change.';
comment on column response_history.survey_id is 'The survey.';
comment on column response_history.id is 'The response.';
comment on column response_history.version is '1 is what was first sent.';
comment on column response_history.changed_at is 'When this version was replaced.';
comment on column response_history.changed_by is 'By whom: a key''s id and name, or "edit token".';
comment on column response_history.score is 'As in response.';
comment on column response_history.channel is 'As in response.';
comment on column response_history.answered_at is 'As in response.';
comment on column response_history.agent is 'The agent''s name.';
comment on column response_history.language is 'As in response.';
comment on column response_history.respondent is 'As in response.';
comment on column response_history.excluded is 'As in response.';
comment on column response_history.exclusion_reason is 'As in response.';
comment on column response_history.answers is 'As in response.';
comment on column response_history.properties is 'As in response.';

create table facet_value (
  survey_id int not null,
  facet smallint not null,
  id int not null check (id > 0),
  value text not null,
  primary key (survey_id, facet, id),
  unique (survey_id, facet, value)
);
comment on table facet_value is 'Numbers for the values of facets and agents. At most 1,000 a facet (agents: any number): later values have no row and are counted as (other), number 0.';
comment on column facet_value.survey_id is 'The survey.';
comment on column facet_value.facet is '2 agent, 3 to 10 the survey''s facets by slot.';
comment on column facet_value.id is 'The number stored in responses and tallies.';
comment on column facet_value.value is 'The value as sent.';

-- What is counted ----------------------------------------------------------------------------------------------------

create table journal (
  survey_id int not null,
  xid xid8 not null default pg_current_xact_id(),
  slot int not null,
  cuts bigint[] not null,
  scores smallint[] not null,
  weights int[] not null
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000, autovacuum_vacuum_cost_delay = 0,
  toast_tuple_target = 8160);
-- Rows live for a fraction of a second: not worth compressing, nor moving out of line while they fit a page.
alter table journal alter column cuts set storage external, alter column scores set storage external,
  alter column weights set storage external;
comment on table journal is 'What the tallies do not hold yet, a row a transaction and quarter hour: appended with the answers, in the same transaction; folded into the tallies a few times a second.';
comment on column journal.survey_id is 'The survey.';
comment on column journal.xid is 'The transaction that wrote it; tally_state.low lets readers skip what is folded.';
comment on column journal.slot is 'Quarter hour since 1970 of answered_at.';
comment on column journal.cuts is 'The cuts that its answers belong to, facet << 32 | value; 0 is the total. Empty: nothing was counted, but something changed.';
comment on column journal.scores is 'For each of the cuts, a score, 0 to 10.';
comment on column journal.weights is 'For each of the cuts, how many answers gave this score: negative where answers were taken out.';
create index journal_survey on journal (survey_id, xid);

create table tally_state (
  survey_id int primary key,
  low xid8 not null default '0',
  changed xid8 not null default '0'
);
comment on table tally_state is 'How far each survey''s journal is folded.';
comment on column tally_state.survey_id is 'The survey.';
comment on column tally_state.low is 'No journal row of a lower transaction is left.';
comment on column tally_state.changed is 'The transaction that changed its tallies last.';

create table tally_quarter (
  survey_id int not null, facet smallint not null, value int not null, slot int not null,
  n0 int not null, n1 int not null, n2 int not null, n3 int not null, n4 int not null, n5 int not null,
  n6 int not null, n7 int not null, n8 int not null, n9 int not null, n10 int not null,
  primary key (survey_id, facet, value, slot) include (n0, n1, n2, n3, n4, n5, n6, n7, n8, n9, n10)
);
create table tally_hour (like tally_quarter including all);
create table tally_day (like tally_quarter, primary key (survey_id, facet, value, slot)) with (fillfactor = 70);
create table tally_month (like tally_day including all) with (fillfactor = 70);
create table tally_year (like tally_day including all) with (fillfactor = 70);
-- All values of a facet at once: agents and facets have many, and no hours and quarter hours.
create index tally_day_slot on tally_day (survey_id, facet, slot) where facet between 2 and 10;
create index tally_month_slot on tally_month (survey_id, facet, slot) where facet between 2 and 10;

do $$
declare
  level record;
  n int;
begin
  for level in select * from (values
      ('tally_quarter', 'quarter hours since 1970; total, channel and questions only'),
      ('tally_hour', 'hours since 1970; total, channel and questions only'),
      ('tally_day', 'days (UTC) since 1970'),
      ('tally_month', 'months (UTC): (year - 1970) * 12 + month - 1'),
      ('tally_year', 'years (UTC) since 1970')) as t (name, slots) loop
    execute format('comment on table %I is %L', level.name,
      'How many answers gave each score, by cut and slot; slots are ' || level.slots || '.');
    execute format('comment on column %I.survey_id is %L', level.name, 'The survey.');
    execute format('comment on column %I.facet is %L', level.name,
      '0 total, 1 channel, 2 agent, 3 to 10 facets by slot, 10 + n question n.');
    execute format('comment on column %I.value is %L', level.name,
      'Of the facet: 0 for the total; channel number; facet_value.id; option number, scale value, 0 or 1.');
    execute format('comment on column %I.slot is %L', level.name, level.slots);
    for n in 0..10 loop
      execute format('comment on column %I.n%s is %L', level.name, n, 'Answers with score ' || n || '.');
    end loop;
  end loop;
end $$;

-- Rights -------------------------------------------------------------------------------------------------------------

do $$
begin
  execute 'revoke all on schema public from public';
exception when insufficient_privilege then
  raise notice 'schema public stays as it is: % does not own it', current_user;
end $$;

do $$
begin
  if exists (select from pg_roles where rolname = 'npsd_app') then
    grant usage on schema public to npsd_app;
    grant select, insert, update, delete on survey, question, response, response_history, facet_value, journal,
      tally_state, tally_quarter, tally_hour, tally_day, tally_month, tally_year to npsd_app;
    grant select, insert, update on api_key to npsd_app;
    grant select, insert on secret to npsd_app;
    grant insert on audit to npsd_app;
    grant select on directory to npsd_app;
  end if;
  if exists (select from pg_roles where rolname = 'npsd_read') then
    grant usage on schema public to npsd_read;
  end if;
end $$;
