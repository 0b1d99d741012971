-- What was taken back is looked for by the undos alone, which are few.
CREATE INDEX entries_undos ON entries (journal, sequence) WHERE kind IN ('annul', 'void');
