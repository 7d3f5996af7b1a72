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
