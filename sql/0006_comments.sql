-- What has changed of the meaning of columns.

-- An answer without a key of its sender has a random id, so none can ever be compared with it.
comment on column response.body_hash is 'BLAKE2b (16 bytes) over the canonical content as it was first sent; empty: it came without a key, so it cannot come again.';
comment on column api_key.revoked_at is 'When it was revoked; null: it is good, unless it has ended by itself.';
