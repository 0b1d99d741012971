-- Entries without effect are findings: few, and counted by the screen once a second.
CREATE INDEX entries_without_effect ON entries (journal, sequence) WHERE counts = 0;
