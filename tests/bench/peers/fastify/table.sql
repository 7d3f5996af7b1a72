-- The table of server.js, with as many answers as the survey that npsd counts: those of that survey. It has
-- what its two endpoints need and no more.
create schema fastify;
create table fastify.answer (
  id uuid primary key default gen_random_uuid(),
  survey text not null,
  score smallint not null,
  answered_at timestamptz not null default now(),
  answers jsonb,
  properties jsonb
);
insert into fastify.answer
select r.id, s.slug, r.score, r.answered_at, r.answers, r.properties
from response r join survey s on s.id = r.survey_id order by r.answered_at;
create index on fastify.answer (survey, answered_at);
vacuum analyze fastify.answer;
