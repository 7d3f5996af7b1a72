-- What the daemon is measured against: the columns of response, and the primary key as the only
-- index. No tallies, no journal, no other index, no check: everything that is left out is to the
-- peer's advantage.
create schema bench;
create table bench.peer (like public.response including defaults, primary key (survey_id, id));
