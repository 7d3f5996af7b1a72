-- A row like the daemon's own, every value made by the client and sent as a parameter, as an
-- application does it. The id is in the order of time, as the daemon's UUIDv7 are: 16 digits that
-- begin at the microsecond in which pgbench was started and count on, and 16 random digits. Random
-- ids, or ids made by the server, were no faster.
\set n :n + 1
\set high :base + :n
\set low random(1000000000000000, 9999999999999999)
\set score random(0, 10)
\set branch random(1, 7)
insert into peer
  (survey_id, score, channel, answered_at, received_at, id, f1, body_hash, answers, properties)
values
  (1, :score, 0, now(), now(), (:high::text || :low::text)::uuid, :branch, '', :answers, :properties);
