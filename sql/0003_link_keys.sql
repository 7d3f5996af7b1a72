-- Signed links: their keys stand with the other secrets, and daemons notice a new one.

comment on column secret.name is
  'What it is for: edit (edit tokens), cursor (list cursors), link.N (signed links: the two of the highest N are good, the highest signs).';

create trigger directory_changed after insert or update or delete on secret
  for each statement execute function directory_changed();
