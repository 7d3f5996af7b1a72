\set n :n + 1
\set high :base + :n
\set low random(1000000000000000, 9999999999999999)
\set score random(0, 10)
\set branch random(1, 7)
insert into bench.peer (survey_id, score, channel, answered_at, received_at, id, f1, body_hash, answers, properties)
values (1, :score, 0, now(), now(), (:high::text || :low::text)::uuid, :branch,
  '\x9f86d081884c7d659a2feaa0c55ad015', '{"why": "Fast"}', '{"branch": "north"}');
