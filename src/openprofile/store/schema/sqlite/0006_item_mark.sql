CREATE TABLE item_mark (
    id   INTEGER PRIMARY KEY CHECK (id = 1),
    mark INTEGER NOT NULL
) STRICT;

INSERT INTO item_mark VALUES (1, random());
