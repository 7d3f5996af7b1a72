-- Holds the ledger (schema ledger, see work.h) against the database: one line a finding,
-- "name<TAB>number". Names that begin with an I are invariants: anything but 0 is a violation. The
-- others are figures. Run by check_row in lib.sh, which has filled the tables.
--
--   :from  acknowledgements before it are not held against polls of this daemon (microseconds)
--   :may_die  the daemon is killed on purpose: looks at its health may find nobody
--   :ready_us how long /readyz may take to say that PostgreSQL is lost or back
--   :floor_us a p99 that is always short enough
--   :slack how long after an acknowledgement a poll may still miss it (another daemon's: a second)
\set QUIET on
\pset format unaligned
\pset tuples_only on
\pset fieldsep '\t'
set jit = off;
analyze ledger.attempt, ledger.outcome, ledger.poll;

create temp table sheet as
select id, split_part(answers ->> 'why', ' ', 1) as key, split_part(answers ->> 'why', ' ', 2) as variant, score, channel,
  properties ->> 'branch' as branch
from v_response where survey = 'fault' and answers ->> 'why' ~ '^[0-9]+-[0-9]+ ';

-- What was said of each attempt. Batch items and single answers alike.
create temp table told as
select a.key, a.variant::text, a.n, a.t as begun, o.t, o.sent, o.status, o.id, o.replayed, o.spooled, o.retry_after, o.why,
  o.status in (200, 201, 202, 303) as acked
from ledger.attempt a join ledger.outcome o using (n);

create temp table aside as
select split_part(doc -> 'answers' ->> 'why', ' ', 1) as key, split_part(doc -> 'answers' ->> 'why', ' ', 2) as variant,
  doc ->> 'reason' as reason
from ledger.conflict;
create index on sheet (key);
create index on aside (key);
create index on told (begun);
analyze sheet, told, aside;

create temp view lost as
select distinct t.key, t.variant, t.id from told t
left join sheet s on s.key = t.key and s.variant = t.variant and (t.id is null or s.id = t.id)
left join aside c on c.key = t.key and c.variant = t.variant
where t.acked and s.key is null and (c.key is null or t.status = 201);

select 'I1 acknowledged answers lost', count(*) from lost
union all
select 'I2 rows that nobody sent', count(*) from sheet s
where not exists (select from ledger.attempt a where a.key = s.key and a.variant::text = s.variant)
union all
select 'I3 keys with two ids', count(*) from (
  select key from told where acked and id is not null
    and not exists (select from aside c where c.key = told.key and c.variant = told.variant)
  group by key having count(distinct id) > 1) x
union all
select 'I3 keys with two rows', count(*) from (select key from sheet group by key having count(*) > 1) x
union all
select 'I4 rows that differ from what was sent', count(*) from sheet s
join (select distinct key, variant::text, score, channel, branch from ledger.attempt) a using (key, variant)
where (a.score, a.channel, a.branch) is distinct from (s.score::int, s.channel, s.branch)
union all
select 'I5 tallies that differ from a recount', count(*) from (
  select cut >> 32 as facet, cut & 2147483647 as value, floor(slot / 96.0)::int as day, score, count(*) as n
  from survey v cross join lateral response_cuts(v.id, '-infinity', 'infinity') c cross join lateral unnest(c.cuts) cut
  where v.slug = 'fault' group by 1, 2, 3, 4) r
full join (
  select facet::bigint, value::bigint, day, score - 1 as score, n
  from v_tally t join survey v on v.id = t.survey_id and v.slug = 'fault'
  cross join lateral unnest(array[n0, n1, n2, n3, n4, n5, n6, n7, n8, n9, n10]) with ordinality u (n, score) where n <> 0) w
using (facet, value, day, score) where r.n is distinct from w.n
union all
select 'I7 keys that were sent and are not there', count(*) from (
  select key from ledger.attempt except select key from sheet) x
union all
select 'I8 refusals of what was right', count(*) from told t
where t.status between 400 and 499 and not (t.status = 429 and retry_after) and not (
  t.why = 'key-reused' and (exists (select from sheet s where s.key = t.key and s.variant <> t.variant)
    -- While it waits, the other answer stands; it is kept aside only when PostgreSQL is back.
    or exists (select from aside c where c.key = t.key and c.variant <> t.variant)))
union all
select 'I8 errors but 503', count(*) from told where status >= 500 and status <> 503
union all
select 'I8 429 or 503 without Retry-After', count(*) from told where status in (429, 503) and not retry_after
union all
select 'I8 replies that make no sense', count(*) from told
where status not in (0, 200, 201, 202, 303) and status < 400 or status = 201 and id is null;

-- I6: polls against what was acknowledged before they began and attempted before they ended. A row that is there was
-- acknowledged by 201 or 200 once; 202 and 303 do not say that it is counted yet.
create temp table counted as
select key, min(t) as t from told where status in (200, 201) and not spooled and t >= :from group by key;
create temp table attempted as select key, min(t) as t from ledger.attempt group by key;
create temp table looks as
select row_number() over () as k, conn, began, ended, n from ledger.poll where status = 200 and not stale;
with low as (
  select k, sum(ack) over (order by t, k) as n from (
    select t + :slack as t, 1 as ack, null::bigint as k from counted union all select began, 0, k from looks) x),
high as (
  select k, sum(try) over (order by t, k nulls first) as n from (
    select t, 1 as try, null::bigint as k from attempted union all select ended, 0, k from looks) x),
bounds as (
  select looks.n, low.n as low, high.n as high from looks join low using (k) join high using (k))
select 'I6 polls outside their bounds', count(*) from bounds where n < low or n > high
union all
select 'I6 polls that went backwards', count(*) from (
  select n, lag(n) over (partition by conn order by began) as before from looks) x where n < before
union all
select 'I11 looks at /healthz that failed', count(*) from ledger.look
where path = '/healthz' and status <> 200 and not (status = 0 and :may_die);

-- I11: /readyz while PostgreSQL was surely away, or surely there again.
create temp table watch as
select * from (
  select name, t + :ready_us as began, lead(t) over (order by t) as ended from ledger.event) e
where name in ('lost', 'accepts') and (ended is null or ended > began);
create temp table glance as
select w.began as watch, w.name, l.status, l.word from watch w
join ledger.look l on l.path = '/readyz' and l.began > w.began and (l.ended < w.ended or w.ended is null)
where not (l.status = 0 and :may_die);
select 'I11 looks at /readyz that say nothing of the loss', count(*) from glance
where name = 'lost' and status <> 503 and (status, word) <> (200, 'degraded')
union all
select 'I11 looks at /readyz that say nothing of the return', count(*) from glance
where name = 'accepts' and (status, word) <> (200, 'ready')
union all
select 'I11 times PostgreSQL was away or back that nobody looked at', count(*) from watch
where ended > began + 1000000 and not exists (select from glance g where g.watch = watch.began)
  and not :may_die;

-- I9: how long until a second whose p99 is at most twice that before the first event. Where ten seconds of load follow
-- a return there must be one in them.
create temp table base as
select greatest(2 * percentile_disc(0.99) within group (order by t - begun), :floor_us) as us from told
where t < (select min(t) from ledger.event);
create temp table calm as
select r.t, r.ended, (
  select min(k) from generate_series(0, least(10, (r.ended - r.t) / 1000000) - 1) k
  where (select percentile_disc(0.99) within group (order by o.t - o.begun) <= base.us from told o
    where o.begun >= r.t + k * 1000000 and o.begun < r.t + (k + 1) * 1000000)) + 1 as seconds
from (select name, t, coalesce(lead(t) over (order by t), (select max(begun) from told)) as ended from ledger.event) r
cross join base where r.name = 'accepts';
select 'I9 returns without a second as quick as before', count(*) from calm where seconds is null and ended - t >= 10000000;

select 'calm_s', max(seconds) from calm
union all select 'attempts', count(*) from ledger.attempt
union all select 'keys', count(distinct key) from ledger.attempt
union all select 'acked', count(distinct key) from told where acked
union all select 'lost', count(distinct key) from lost
union all select 'doubled', (select coalesce(sum(n - 1), 0) from (select count(*) as n from sheet group by key) x)
union all select 'recovered', count(*) from (
  select key from sheet except select key from told where acked) x
union all select 'spooled', count(distinct key) from told where spooled
union all select 'aside', count(*) from aside
union all select 'unknown', count(*) from told where status = 0
union all select '503', count(*) from told where status = 503
union all select 'reused', count(*) from told where why = 'key-reused'
union all select 'polls', count(*) from looks
union all select 'looks', count(*) from glance
union all select 'stale', count(*) from ledger.poll where stale
-- An acknowledgement of something sent after the instant, so that it took part in the recovery.
union all select 'recovery_ms', coalesce(max(coalesce(ms, 999999)), 0)::int from (
  select (select min(t) from told where status = 201 and not spooled and t > e.t) - e.t as us
  from ledger.event e where e.name = 'accepts') x cross join lateral (select us / 1000 as ms) m;
