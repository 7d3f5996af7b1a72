-- Views for people with SQL tools; run again by "npsd migrate" whenever this file changes.
-- They are stable: columns are added at the end, never renamed. The role npsd_read may read them, of v_response what is
-- neither words nor persons: columns, not *.

create or replace view v_response as
select s.slug as survey, r.id, r.answered_at, r.received_at, r.updated_at, r.score,
  case when r.score >= 9 then 'promoter' when r.score >= 7 then 'neutral' else 'critic' end as score_group,
  (array['web', 'email', 'link', 'sms', 'phone', 'kiosk', 'chat', 'app', 'import'])[r.channel + 1] as channel,
  a.value as agent, r.language, r.respondent, r.external_id, r.answers, r.properties, r.excluded, r.exclusion_reason,
  r.suspect,
  (select jsonb_object_agg(facet, r.properties -> facet) from unnest(s.facets) facet where r.properties ? facet) as facets
from response r
join survey s on s.id = r.survey_id
left join facet_value a on a.survey_id = r.survey_id and a.facet = 2 and a.id = r.agent
where not r.erased;
comment on view v_response is 'One row an answer sheet, with names instead of numbers; erased ones are not there, excluded ones are marked.';

create or replace view v_tally as
select survey_id, facet, value, slot as day,
  sum(n0)::bigint as n0, sum(n1)::bigint as n1, sum(n2)::bigint as n2, sum(n3)::bigint as n3, sum(n4)::bigint as n4,
  sum(n5)::bigint as n5, sum(n6)::bigint as n6, sum(n7)::bigint as n7, sum(n8)::bigint as n8, sum(n9)::bigint as n9,
  sum(n10)::bigint as n10
from (
  select * from tally_day
  union all
  select survey_id, (cut >> 32)::smallint, (cut & 2147483647)::int, floor(slot / 96.0)::int,
    case when score = 0 then weight else 0 end, case when score = 1 then weight else 0 end,
    case when score = 2 then weight else 0 end, case when score = 3 then weight else 0 end,
    case when score = 4 then weight else 0 end, case when score = 5 then weight else 0 end,
    case when score = 6 then weight else 0 end, case when score = 7 then weight else 0 end,
    case when score = 8 then weight else 0 end, case when score = 9 then weight else 0 end,
    case when score = 10 then weight else 0 end
  from journal_cell
) t
group by survey_id, facet, value, slot;
comment on view v_tally is 'Tallies and journal together, by day (UTC, days since 1970): equal to a recount of response in every snapshot.';

create or replace view v_nps_daily as
select s.slug as survey, date '1970-01-01' + t.day as day,
  n0 + n1 + n2 + n3 + n4 + n5 + n6 + n7 + n8 + n9 + n10 as responses,
  n9 + n10 as promoters, n7 + n8 as neutrals, n0 + n1 + n2 + n3 + n4 + n5 + n6 as critics,
  round(100.0 * (n9 + n10 - (n0 + n1 + n2 + n3 + n4 + n5 + n6))
    / nullif(n0 + n1 + n2 + n3 + n4 + n5 + n6 + n7 + n8 + n9 + n10, 0), 4) as nps_exact
from v_tally t
join survey s on s.id = t.survey_id
where t.facet = 0 and n0 + n1 + n2 + n3 + n4 + n5 + n6 + n7 + n8 + n9 + n10 <> 0;
comment on view v_nps_daily is 'Numbers of each survey by day (UTC).';

create or replace view v_display as
select s.slug as survey, to_timestamp(d.slot * 900.0) as quarter_hour,
  (array['web', 'email', 'link', 'sms', 'phone', 'kiosk', 'chat', 'app', 'import'])[d.channel + 1] as channel,
  d.shown, d.dismissed
from display d
join survey s on s.id = d.survey_id;
comment on view v_display is 'How often each survey was shown and waved away, by quarter hour and channel.';
