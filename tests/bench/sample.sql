-- Of one snapshot: cells of tallies and journal together that differ from a recount of the rows, and how many
-- there are. By the total, the channel and the first facet, day by day.
with counted as materialized (
  select facet, value, day, n0, n1, n2, n3, n4, n5, n6, n7, n8, n9, n10
  from v_tally
  where survey_id = 1 and facet in (0, 1, 3) and n0 + n1 + n2 + n3 + n4 + n5 + n6 + n7 + n8 + n9 + n10 <> 0),
recount as materialized (
  select (case 0 when grouping(channel) then 1 when grouping(f1) then 3 else 0 end)::smallint as facet,
    coalesce(channel, f1, 0)::int as value, day,
    count(*) filter (where score = 0) as n0, count(*) filter (where score = 1) as n1,
    count(*) filter (where score = 2) as n2, count(*) filter (where score = 3) as n3,
    count(*) filter (where score = 4) as n4, count(*) filter (where score = 5) as n5,
    count(*) filter (where score = 6) as n6, count(*) filter (where score = 7) as n7,
    count(*) filter (where score = 8) as n8, count(*) filter (where score = 9) as n9,
    count(*) filter (where score = 10) as n10
  from (select *, quarter_of(answered_at) / 96 as day from response where survey_id = 1 and not excluded) r
  group by grouping sets ((day), (day, channel), (day, f1)))
select (select count(*) from (
    (table counted except all table recount) union all (table recount except all table counted)) d),
  (select count(*) from recount);
