-- Keys may end by themselves.

alter table api_key add column expires_at timestamptz;
comment on column api_key.expires_at is 'From when on it is not good any more; null: it is until it is revoked.';

create or replace trigger directory_changed
  after insert or delete or update of role, name, surveys, origins, expires_at, revoked_at on api_key
  for each statement execute function directory_changed();
