-- Makes answers of ten years, ending now, as live ingest leaves them: rows in the order of time, and
-- tallies in the order in which folds write them. generate.sh calls these functions, a part a worker.
--
-- An answer has one of 5 channels, 50 branches and 1,000 products, evenly; half have one of 200 agents,
-- about a third answer the question what to improve. All of it comes from a hash of the answer's number,
-- so that it is the same in each run; only the time is the run's own.

create schema generated;

-- The properties that answers have, made once.
create table generated.properties as
select branch * 1000 + product - 1 as place,
  jsonb_build_object('branch', 'b' || branch, 'product', 'p' || product) as properties
from generate_series(1, 50) branch, generate_series(1, 1000) product;
alter table generated.properties add primary key (place);

create table generated.survey (survey_id int primary key, answers bigint not null, began_at timestamptz not null);

create function generated.begin_survey(slug text, answers bigint) returns void language sql as $$
  insert into generated.survey select s.id, begin_survey.answers, date_bin('15 minutes', now(), '2000-01-01') - interval '10 years'
  from survey s where s.slug = begin_survey.slug;
  insert into facet_value (survey_id, facet, id, value)
  select s.id, f.facet, v, f.prefix || v
  from survey s, (values (2, 'a', 200), (3, 'b', 50), (4, 'p', 1000)) f (facet, prefix, count), generate_series(1, f.count) v
  where s.slug = begin_survey.slug;
  insert into tally_state (survey_id) select s.id from survey s where s.slug = begin_survey.slug on conflict do nothing;
$$;

-- Answers first to last less one, counted from 0 over the ten years. h and g are 64 random bits each.
create function generated.add_answers(of_survey int, first bigint, last bigint) returns void language sql as $$
  insert into response (survey_id, score, channel, answered_at, received_at, id, agent, f1, f2, body_hash, answers, properties)
  select of_survey,
    (array[0, 1, 2, 3, 4, 5, 5, 6, 6, 7, 7, 7, 8, 8, 8, 8, 8, 9, 9, 9, 9, 9, 9, 9, 10, 10, 10, 10, 10, 10, 10, 10])[1 + (h & 31)],
    (h >> 5 & 1023) * 5 >> 10,
    to_timestamp(at_us / 1000000::float8), to_timestamp(at_us / 1000000::float8),
    ('0' || to_hex(at_us::bigint / 1000 << 16 | 28672 | (g & 4095))
      || to_hex((g >> 2 & 4611686018427387903) | (-9223372036854775807 - 1)))::uuid,
    case when h >> 47 & 1 = 1 then 1 + ((h >> 48 & 2047) * 200 >> 11) end,
    branch, product,
    int8send(h) || int8send(g),
    (array['{"improve": "wait"}', '{"improve": "price"}', '{"improve": "quality"}', '{"improve": "staff"}',
      '{"improve": "nothing"}']::jsonb[])[1 + (h >> 59 & 15)],
    p.properties
  from (
    select h, g, extract(epoch from s.began_at)::float8 * 1000000
        + (i + (g & 65535) / 65536::float8) * (3652 * 86400 * 1000000::float8 / s.answers) as at_us,
      1 + ((h >> 15 & 65535) * 50 >> 16) as branch, 1 + ((h >> 31 & 65535) * 1000 >> 16) as product
    from generated.survey s
    cross join generate_series(first, last - 1) i
    cross join lateral (select hashint8extended(i, of_survey) as h, hashint8extended(i, 1000 + of_survey) as g offset 0) random
    where s.survey_id = of_survey) a
  join generated.properties p on p.place = a.branch * 1000 + a.product - 1;
$$;

-- Tallies of the answers of a span of whole months, at all levels: what "npsd check --rebuild" comes to, in
-- one reading of the rows. "npsd check" holds them against its own recount.
create function generated.add_tallies(of_survey int, since timestamptz, before timestamptz) returns void language sql as $$
  with cell as materialized (
    select
      case 0 when grouping(channel) then 1 when grouping(agent) then 2 when grouping(f1) then 3 when grouping(f2) then 4
        when grouping(improve) then 10 + max(question) else 0 end::smallint as facet,
      coalesce(channel, agent, f1, f2, improve, 0)::int as value, coalesce(quarter, six_hours * 24) as slot,
      count(*) filter (where score = 0)::int as n0, count(*) filter (where score = 1)::int as n1,
      count(*) filter (where score = 2)::int as n2, count(*) filter (where score = 3)::int as n3,
      count(*) filter (where score = 4)::int as n4, count(*) filter (where score = 5)::int as n5,
      count(*) filter (where score = 6)::int as n6, count(*) filter (where score = 7)::int as n7,
      count(*) filter (where score = 8)::int as n8, count(*) filter (where score = 9)::int as n9,
      count(*) filter (where score = 10)::int as n10
    from (
      select quarter_of(r.answered_at) as quarter, quarter_of(r.answered_at) / 24 as six_hours, score, channel, agent, f1, f2, q.n as question,
        array_position(array['wait', 'price', 'quality', 'staff', 'nothing'], r.answers ->> 'improve') as improve
      from response r join question q on q.survey_id = r.survey_id and q.id = 'improve'
      where r.survey_id = of_survey and r.answered_at >= since and r.answered_at < before) r
    group by grouping sets ((quarter), (quarter, channel), (quarter, improve), (six_hours, agent), (six_hours, f1), (six_hours, f2))
    having not (grouping(agent) = 0 and agent is null or grouping(improve) = 0 and improve is null)),
  quarters as (
    insert into tally_quarter select of_survey, facet, value, slot, n0, n1, n2, n3, n4, n5, n6, n7, n8, n9, n10
    from cell where facet < 2 or facet > 10 order by slot, facet, value),
  hours as (
    insert into tally_hour select of_survey, facet, value, slot >> 2, sum(n0), sum(n1), sum(n2), sum(n3), sum(n4), sum(n5),
      sum(n6), sum(n7), sum(n8), sum(n9), sum(n10)
    from cell where facet < 2 or facet > 10 group by slot >> 2, facet, value order by slot >> 2, facet, value),
  six_hours as (
    insert into tally_six_hours select of_survey, facet, value, slot / 24, n0, n1, n2, n3, n4, n5, n6, n7, n8, n9, n10
    from cell where facet between 2 and 10 order by slot, facet, value),
  days as (
    insert into tally_day select of_survey, facet, value, slot / 96, sum(n0), sum(n1), sum(n2), sum(n3), sum(n4), sum(n5),
      sum(n6), sum(n7), sum(n8), sum(n9), sum(n10)
    from cell group by slot / 96, facet, value order by slot / 96, facet, value)
  insert into tally_month select of_survey, facet, value,
    ((extract(year from since at time zone 'UTC') - 1970) * 12 + extract(month from since at time zone 'UTC') - 1)::int, sum(n0), sum(n1), sum(n2), sum(n3),
    sum(n4), sum(n5), sum(n6), sum(n7), sum(n8), sum(n9), sum(n10)
  from cell group by facet, value order by facet, value;
$$;

create function generated.add_years(of_survey int) returns void language sql as $$
  insert into tally_year select of_survey, facet, value, floor(slot / 12.0)::int, sum(n0), sum(n1), sum(n2), sum(n3), sum(n4),
    sum(n5), sum(n6), sum(n7), sum(n8), sum(n9), sum(n10)
  from tally_month where survey_id = of_survey group by facet, value, 4 order by 4, facet, value;
$$;

-- What one of several workers has to do: every n-th part of the answers, of the months.
create function generated.work(what text, of_survey int, worker int, workers int) returns void language plpgsql as $$
declare
  parts constant int := 120;
  total constant bigint := (select answers from generated.survey s where s.survey_id = of_survey);
  month timestamptz;
begin
  if what = 'answers' then
    for part in 0..parts - 1 loop
      continue when part % workers <> worker;
      perform generated.add_answers(of_survey, total * part / parts, total * (part + 1) / parts);
    end loop;
  else
    for part in 0..parts loop
      continue when part % workers <> worker;
      month := (select date_trunc('month', began_at, 'UTC') from generated.survey s where s.survey_id = of_survey);
      month := (month at time zone 'UTC' + part * interval '1 month') at time zone 'UTC';
      perform generated.add_tallies(of_survey, month, (month at time zone 'UTC' + interval '1 month') at time zone 'UTC');
    end loop;
  end if;
end $$;
