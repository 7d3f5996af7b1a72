-- An answer without a key of its sender has a random id, so none can ever be compared with it.
comment on column response.body_hash is 'BLAKE2b (16 bytes) over the canonical content as it was first sent; empty: it came without a key, so it cannot come again.';
