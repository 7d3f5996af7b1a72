-- The survey page: its looks, how often it is shown, and marks on answers that may not be a person's.

alter table survey
  add column brand json,
  add column suspects text not null default 'count' check (suspects in ('count', 'exclude'));
comment on column survey.brand is 'Name, colour and logo of its pages; null: none.';
comment on column survey.suspects is 'Answers with marks: count (as any other) or exclude (stored, but excluded until somebody takes them back).';

alter table response add column suspect smallint not null default 0;
comment on column response.suspect is
  'Marks, added up: 1 honeypot, 2 too fast, 4 stale page. 0: none. Never part of what is hashed or corrected.';

-- Few answers have marks, so it costs the others nothing.
create index response_suspect on response (survey_id, answered_at) where suspect <> 0;

-- A row is updated about once a second while its quarter hour lasts, and never again: room for updates in place.
-- No foreign key, as in response: who writes it locks the survey's row, who deletes the survey deletes these after it.
create table display (
  survey_id int not null,
  slot int not null,
  shown int not null default 0 check (shown >= 0),
  dismissed int not null default 0 check (dismissed >= 0),
  channel smallint not null,
  primary key (survey_id, channel, slot)
) with (fillfactor = 50);
comment on table display is 'How often a survey was shown and waved away; written without waiting for the disk.';
comment on column display.survey_id is 'The survey.';
comment on column display.slot is 'Quarter hour since 1970 of the display.';
comment on column display.shown is 'How often it was seen.';
comment on column display.dismissed is 'How often it was waved away.';
comment on column display.channel is 'As in response.';

do $$
begin
  if exists (select from pg_roles where rolname = 'npsd_app') then
    grant select, insert, update, delete on display to npsd_app;
  end if;
end $$;
