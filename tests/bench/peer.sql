-- What the daemon is measured against: a table of response's columns, without tallies and journal.
-- indexes=0: with the primary key alone, so without the indexes and the check that response pays for.
-- indexes=1: with all that response has.
create schema bench;
\if :indexes
create table bench.peer (like public.response including all);
\else
create table bench.peer (like public.response including defaults, primary key (survey_id, id));
\endif
