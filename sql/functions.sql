-- What statements of the daemon share; run again by "npsd migrate" whenever this file changes.

-- The quarter hour since 1970 in which an instant lies, rounded down; the origin of the bins is before any answer.
create or replace function quarter_of(instant timestamptz) returns int
language sql stable parallel safe
return (date_part('epoch', date_bin('15 minutes', instant, '0001-01-01 00:00:00+00')) / 900)::int;
comment on function quarter_of(timestamptz) is 'The quarter hour since 1970 in which an instant lies.';

create or replace view journal_cell as
select survey_id, xid, slot, unnest(cuts) as cut, unnest(scores) as score, unnest(weights) as weight from journal;
comment on view journal_cell is 'The journal, with a row for each of its cuts and scores.';

-- The values that answers to a survey's questions are counted under; answer null: any answer, a text that was blanked
-- too.
create or replace function counted_answers(of_survey int)
returns table (n smallint, question text, answer jsonb, value int)
language sql stable parallel safe
begin atomic
  select q.n, q.id, a.answer, a.value
  from question q
  cross join lateral (
    select to_jsonb(o ->> 'id'), (o ->> 'number')::int
    from json_array_elements(q.definition -> 'options') o where q.definition ->> 'type' in ('choice', 'choices')
    union all
    select to_jsonb(v), v from generate_series(0, 10) v where q.definition ->> 'type' = 'scale'
    union all
    select to_jsonb(v = 1), v from generate_series(0, 1) v where q.definition ->> 'type' = 'yes_no'
    union all
    select null, 0 where q.definition ->> 'type' in ('choices', 'text')) a (answer, value)
  where q.survey_id = of_survey;
end;
comment on function counted_answers(int) is 'The values that answers to a survey''s questions are counted under.';

-- What counts an answer, read off the answer itself. The daemon works by the same rules when it takes an answer;
-- "npsd check" holds tallies and journal against this function and the rebuild counts by it.
create or replace function response_cuts(of_survey int, since timestamptz, before timestamptz)
returns table (id uuid, slot int, score smallint, cuts bigint[])
language sql stable parallel safe
begin atomic
  with counted as materialized (
    -- Cuts by question and answer (as JSON text): {"improve": {"\"wait\"": 55834574849}, "again": {"true": ...}}; and
    -- by question where any answer counts: {"why": 51539607552}.
    select coalesce(jsonb_object_agg(q.question, q.cuts) filter (where q.cuts is not null), '{}') as questions,
      coalesce(jsonb_object_agg(q.question, q.answered) filter (where q.answered is not null), '{}') as answered
    from (
      select c.question,
        jsonb_object_agg(c.answer::text, (10 + c.n)::bigint << 32 | c.value) filter (where c.answer is not null) as cuts,
        min((10 + c.n)::bigint << 32) filter (where c.answer is null) as answered
      from counted_answers(of_survey) c
      group by c.question) q)
  select r.id, quarter_of(r.answered_at), r.score, array_remove(array[
      0, 1::bigint << 32 | r.channel, 2::bigint << 32 | r.agent,
      3::bigint << 32 | r.f1, 4::bigint << 32 | r.f2, 5::bigint << 32 | r.f3, 6::bigint << 32 | r.f4,
      7::bigint << 32 | r.f5, 8::bigint << 32 | r.f6, 9::bigint << 32 | r.f7, 10::bigint << 32 | r.f8]
    || (
      select array_agg((counted.questions -> a.question ->> e.answer::text)::bigint)
      from jsonb_each(r.answers) a (question, answer)
      cross join lateral jsonb_array_elements(
        case jsonb_typeof(a.answer) when 'array' then a.answer else jsonb_build_array(a.answer) end) e (answer)
      where counted.questions ? a.question)
    || (
      select array_agg((counted.answered ->> question)::bigint) from jsonb_object_keys(r.answers) question
      where counted.answered ? question), null)
  from response r
  cross join counted
  where r.survey_id = of_survey and r.answered_at >= since and r.answered_at < before and not r.excluded;
end;
comment on function response_cuts(int, timestamptz, timestamptz) is
  'What counts each answer of a span: its quarter hour and the cuts (facet << 32 | value; 0 is the total) it belongs to.';

-- Numbers are missing where a facet was added to the survey after the answer had come. -1 stands for the number that
-- a value is yet to be given.
create or replace function response_numbers(of_survey int, since timestamptz, before timestamptz)
returns table (place tid, stored int[], numbers int[])
language sql stable parallel safe
begin atomic
  with facet as materialized (
    select n as slot, s.facets[n] as name,
      (select count(*) >= 1000 from facet_value v where v.survey_id = of_survey and v.facet = 2 + n) as is_full
    from survey s
    cross join generate_series(1, 8) n
    where s.id = of_survey)
  select r.ctid, n.stored, n.numbers
  from response r
  cross join lateral (
    select array_agg(p.stored order by f.slot) as stored, array_agg(
      case
        when p.value is null then p.stored
        when p.value = '(other)' then 0
        else coalesce(
          (select v.id from facet_value v where v.survey_id = of_survey and v.facet = 2 + f.slot and v.value = p.value),
          case when f.is_full then 0 else -1 end)
      end order by f.slot) as numbers
    from facet f
    cross join lateral (
      select r.properties ->> f.name, (array[r.f1, r.f2, r.f3, r.f4, r.f5, r.f6, r.f7, r.f8])[f.slot]) p (value, stored)
    ) n
  where r.survey_id = of_survey and r.answered_at >= since and r.answered_at < before
    and r.properties is not null and n.numbers is distinct from n.stored;
end;
comment on function response_numbers(int, timestamptz, timestamptz) is
  'Answers of a span whose facet numbers (f1 to f8) are not those that their properties call for, and the right ones.';

-- What goes for good. The daemon may not delete from survey, response and response_history but by these functions; they
-- have their owner's rights, and names in them are bound when they are made.

-- A deletion begins with its row in audit, and must be at its end when its transaction ends; null: no such survey.
create or replace function survey_delete_begin(of_survey int, by text, more text) returns bigint
language sql security definer set search_path = pg_catalog, public, pg_temp
begin atomic
  insert into public.audit (actor, action, survey_id, subject, detail)
    select by, 'survey.delete', s.id, s.slug, more from public.survey s where s.id = of_survey
    returning id;
end;
comment on function survey_delete_begin(int, text, text) is
  'Begins to delete a survey: adds the row in audit by which the other functions know it in this transaction.';

create or replace function survey_is_gone() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  if exists (select from public.survey where id = new.survey_id) then
    raise insufficient_privilege using message = format('survey %s was not deleted to its end', new.survey_id);
  end if;
  return null;
end $$;
comment on function survey_is_gone() is 'Refuses a transaction that deleted of a survey, or says so, and not the survey.';

do $$
begin
  if not exists (select from pg_trigger where tgrelid = 'public.audit'::regclass and tgname = 'survey_is_gone') then
    create constraint trigger survey_is_gone after insert on public.audit deferrable initially deferred
      for each row when (new.action = 'survey.delete') execute function survey_is_gone();
  end if;
end $$;

-- A piece at a time, so that no statement of a large survey runs into its timeout; each begins after the last id of the
-- one before.
create or replace function survey_delete_answers(of_audit bigint, after uuid)
returns table (last_id uuid, is_last boolean)
language sql security definer set search_path = pg_catalog, public, pg_temp
begin atomic
  with doomed as materialized (
    select a.survey_id from public.audit a where a.id = of_audit and a.action = 'survey.delete' and a.at = now()),
  bound as materialized (
    select coalesce(
      (select r.id from public.response r where r.survey_id = (select survey_id from doomed) and r.id > after
        order by r.id offset 19999 limit 1), 'ffffffff-ffff-ffff-ffff-ffffffffffff') as id),
  answers as (
    delete from public.response r
    where r.survey_id = (select survey_id from doomed) and r.id > after and r.id <= (select id from bound)),
  history as (
    delete from public.response_history h
    where h.survey_id = (select survey_id from doomed) and h.id > after and h.id <= (select id from bound))
  select id, id = 'ffffffff-ffff-ffff-ffff-ffffffffffff' from bound;
end;
comment on function survey_delete_answers(bigint, uuid) is
  'Deletes the next 20,000 answers of a survey that is being deleted, with their history.';

create or replace function survey_delete_end(of_audit bigint) returns void
language sql security definer set search_path = pg_catalog, public, pg_temp
begin atomic
  delete from public.survey s
  where s.id = (
    select a.survey_id from public.audit a where a.id = of_audit and a.action = 'survey.delete' and a.at = now());
end;
comment on function survey_delete_end(bigint) is 'Deletes a survey whose answers are deleted, with its questions.';

create or replace function response_history_drop(of_survey int, of_id uuid) returns void
language sql security definer set search_path = pg_catalog, public, pg_temp
begin atomic
  delete from public.response_history h
  where h.survey_id = of_survey and h.id = of_id
    and exists (select from public.response r where r.survey_id = of_survey and r.id = of_id and r.erased);
end;
comment on function response_history_drop(int, uuid) is 'Deletes the earlier versions of an answer that is erased.';

-- A key that was revoked stays revoked, whoever asks.
create or replace function key_stays_revoked() returns trigger language plpgsql as $$
begin
  raise insufficient_privilege using message = format('key %s was revoked at %s', old.id, old.revoked_at);
end $$;
comment on function key_stays_revoked() is 'Refuses to revive a key, or to revoke it later than it was.';
create or replace trigger key_stays_revoked before update of revoked_at on public.api_key
  for each row when (old.revoked_at < coalesce(new.revoked_at, 'infinity')) execute function key_stays_revoked();
