-- Tallies of years: a number over all time reads a tenth of the rows.

create table tally_year (like tally_month including all) with (fillfactor = 70);
comment on table tally_year is 'How many answers gave each score, by cut and slot; slots are years (UTC) since 1970.';
comment on column tally_year.slot is 'years (UTC) since 1970';

insert into tally_year
  select survey_id, facet, value, floor(slot / 12.0)::int,
         sum(n0), sum(n1), sum(n2), sum(n3), sum(n4), sum(n5), sum(n6), sum(n7), sum(n8), sum(n9), sum(n10)
    from tally_month group by 1, 2, 3, 4;

-- All values of a facet at once: agents and facets have many, and no hours and quarter hours.
create index tally_day_slot on tally_day (survey_id, facet, slot) where facet between 2 and 10;
create index tally_month_slot on tally_month (survey_id, facet, slot) where facet between 2 and 10;

do $$
begin
  if exists (select from pg_roles where rolname = 'npsd_app') then
    grant select, insert, update, delete on tally_year to npsd_app;
  end if;
end $$;
