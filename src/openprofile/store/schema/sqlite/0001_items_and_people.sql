CREATE TABLE item (
    tenant  TEXT NOT NULL,
    owner   TEXT NOT NULL,
    facet   TEXT NOT NULL,
    id      TEXT NOT NULL,
    version INTEGER NOT NULL,
    created INTEGER NOT NULL,
    text    TEXT NOT NULL,
    PRIMARY KEY (tenant, owner, facet, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE person (
    tenant  TEXT NOT NULL,
    id      TEXT NOT NULL,
    version INTEGER NOT NULL,
    name    TEXT NOT NULL,
    text    TEXT NOT NULL,
    PRIMARY KEY (tenant, id)
) STRICT;

CREATE UNIQUE INDEX person_name ON person (tenant, name);

CREATE TABLE person_group (
    tenant  TEXT NOT NULL,
    id      TEXT NOT NULL,
    version INTEGER NOT NULL,
    text    TEXT NOT NULL,
    PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE term (
    tenant   TEXT NOT NULL,
    kind     TEXT NOT NULL,
    property TEXT NOT NULL,
    value    TEXT NOT NULL,
    id       TEXT NOT NULL,
    PRIMARY KEY (tenant, kind, property, value, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX term_object ON term (tenant, kind, id);

CREATE TABLE membership (
    tenant       TEXT NOT NULL,
    person       TEXT NOT NULL,
    person_group TEXT NOT NULL,
    PRIMARY KEY (tenant, person, person_group)
) STRICT, WITHOUT ROWID;

CREATE INDEX membership_group ON membership (tenant, person_group, person);

CREATE TABLE heartbeat (
    id    INTEGER PRIMARY KEY CHECK (id = 1),
    beats INTEGER NOT NULL
) STRICT;

INSERT INTO heartbeat VALUES (1, 0);

CREATE TABLE secret (
    id    INTEGER PRIMARY KEY CHECK (id = 1),
    value BLOB NOT NULL
) STRICT;

INSERT INTO secret VALUES (1, randomblob(32));
