-- What people are found by: the words of name, order and e-mail, folded. `unindexed` are the
-- tickets whose words are not in yet; the writer takes them in when it has nothing else to do.
CREATE TABLE unindexed (ticket INTEGER PRIMARY KEY);
INSERT INTO unindexed SELECT id FROM tickets;

-- By ticket; words come folded and split, so that the tokenizer has nothing left to decide.
CREATE VIRTUAL TABLE ticket_words USING fts5 (
    words, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii'
);

-- Every word that was ever in, under each of its pieces: a word with few typos keeps one of them.
CREATE TABLE pieces (
    piece TEXT NOT NULL,
    word  TEXT NOT NULL,
    PRIMARY KEY (piece, word)
) WITHOUT ROWID;

-- Orders are asked for in any case, with and without hyphens.
DROP INDEX tickets_by_order;
CREATE INDEX tickets_by_order ON tickets (replace(replace(upper(code), '-', ''), ' ', '')) WHERE code IS NOT NULL;

-- Refusals of a ticket are looked for, and counted by the screen once a second.
CREATE INDEX entries_refused ON entries (journal, sequence) WHERE kind = 'refusal';
