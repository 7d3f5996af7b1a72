-- What the daemon is measured against: tables of response's columns, without tallies and journal.
-- indexed: like response itself, with its indexes and its check, so that it can answer the same questions.
-- bare: with the primary key alone, so without what reading by time or facet needs.
create schema indexed;
create table indexed.peer (like public.response including all);
create schema bare;
create table bare.peer (like public.response including defaults, primary key (survey_id, id));
