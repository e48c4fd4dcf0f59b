CREATE TABLE people_mark (
    id   INTEGER PRIMARY KEY CHECK (id = 1),
    mark INTEGER NOT NULL
) STRICT;

INSERT INTO people_mark VALUES (1, random());

CREATE TRIGGER person_inserted AFTER INSERT ON person
BEGIN UPDATE people_mark SET mark = random(); END;

CREATE TRIGGER person_updated AFTER UPDATE ON person
BEGIN UPDATE people_mark SET mark = random(); END;

CREATE TRIGGER person_deleted AFTER DELETE ON person
BEGIN UPDATE people_mark SET mark = random(); END;
