-- Tallies of six hours, of agents and facets: what a window cuts off a day is counted from fewer rows.
--
-- A daemon of an older version does not know these tallies, and would fold without them: end it first. If one was
-- running, "npsd check --rebuild" repairs them.

-- Values of one time lie together, so that all of them are found in one place and new ones come at the end.
create table tally_six_hours (
  survey_id int not null, facet smallint not null, value int not null, slot int not null,
  n0 int not null, n1 int not null, n2 int not null, n3 int not null, n4 int not null, n5 int not null,
  n6 int not null, n7 int not null, n8 int not null, n9 int not null, n10 int not null,
  primary key (survey_id, facet, slot, value)
);

do $$
declare
  n int;
begin
  comment on table tally_six_hours is 'How many answers gave each score, by cut and slot; six hours since 1970; agent and facets only.';
  comment on column tally_six_hours.survey_id is 'The survey.';
  comment on column tally_six_hours.facet is '2 agent, 3 to 10 facets by slot.';
  comment on column tally_six_hours.value is 'Of the facet: facet_value.id; 0: (other).';
  comment on column tally_six_hours.slot is 'six hours since 1970';
  for n in 0..10 loop
    execute format('comment on column tally_six_hours.n%s is %L', n, 'Answers with score ' || n || '.');
  end loop;
end $$;

-- What is folded: the answers of a month, less what the journal still has of it. No fold comes in between.
lock table tally_state in exclusive mode;
set local work_mem = '128MB';

do $$
declare
  month record;
  told text;
begin
  for month in
    select survey_id, slot, (timestamp '1970-01-01' + slot * interval '1 month') at time zone 'UTC' as since,
      (timestamp '1970-01-01' + (slot + 1) * interval '1 month') at time zone 'UTC' as before,
      ((date '1970-01-01' + slot * interval '1 month')::date - date '1970-01-01') * 96 as first_quarter,
      ((date '1970-01-01' + (slot + 1) * interval '1 month')::date - date '1970-01-01') * 96 as end_quarter
    from tally_month where facet = 0 order by 1, 2
  loop
    if told is distinct from month.survey_id || ': ' || floor(month.slot / 12.0) + 1970 then
      told := month.survey_id || ': ' || floor(month.slot / 12.0) + 1970;
      raise notice 'six hours of survey %', told;
    end if;
    insert into tally_six_hours
    select month.survey_id, facet, value, slot,
      coalesce(sum(weight) filter (where score = 0), 0), coalesce(sum(weight) filter (where score = 1), 0),
      coalesce(sum(weight) filter (where score = 2), 0), coalesce(sum(weight) filter (where score = 3), 0),
      coalesce(sum(weight) filter (where score = 4), 0), coalesce(sum(weight) filter (where score = 5), 0),
      coalesce(sum(weight) filter (where score = 6), 0), coalesce(sum(weight) filter (where score = 7), 0),
      coalesce(sum(weight) filter (where score = 8), 0), coalesce(sum(weight) filter (where score = 9), 0),
      coalesce(sum(weight) filter (where score = 10), 0)
    from (
      select c.facet, c.value,
        (date_part('epoch', date_bin('6 hours', answered_at, '0001-01-01 00:00:00+00')) / 21600)::int as slot,
        score, count(*)::int as weight
      from response
      cross join lateral (values (2::smallint, agent), (3, f1), (4, f2), (5, f3), (6, f4), (7, f5), (8, f6), (9, f7),
        (10, f8)) c (facet, value)
      where survey_id = month.survey_id and answered_at >= month.since and answered_at < month.before
        and c.value is not null and not excluded
      group by 1, 2, 3, 4
      union all
      select (cut >> 32)::smallint, (cut & 2147483647)::int, floor(slot / 24.0)::int, score, -weight
      from (
        select slot, unnest(cuts) as cut, unnest(scores) as score, unnest(weights) as weight
        from journal
        where survey_id = month.survey_id and slot >= month.first_quarter and slot < month.end_quarter
          and xid >= coalesce((select low from tally_state s where s.survey_id = month.survey_id), '0')) j
      where cut >> 32 between 2 and 10) w
    group by 2, 3, 4 order by 4, 2, 3;
  end loop;
end $$;

do $$
begin
  if exists (select from pg_roles where rolname = 'npsd_app') then
    grant select, insert, update, delete on tally_six_hours to npsd_app;
  end if;
end $$;
