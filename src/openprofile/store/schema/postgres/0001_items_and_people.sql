-- COLLATE "C" orders by code point whatever the database's own collation, as SQLite does.

CREATE TABLE item (
    tenant  TEXT COLLATE "C" NOT NULL,
    owner   TEXT COLLATE "C" NOT NULL,
    facet   TEXT COLLATE "C" NOT NULL,
    id      TEXT COLLATE "C" NOT NULL,
    version BIGINT NOT NULL,
    created BIGINT NOT NULL,
    text    TEXT NOT NULL,
    PRIMARY KEY (tenant, owner, facet, id)
);

-- One row for each owner: a transaction holds it while it writes to what the owner has.
CREATE TABLE turn (
    tenant TEXT COLLATE "C" NOT NULL,
    owner  TEXT COLLATE "C" NOT NULL,
    taken  BIGINT NOT NULL,
    PRIMARY KEY (tenant, owner)
) WITH (fillfactor = 50);

CREATE TABLE person (
    tenant  TEXT COLLATE "C" NOT NULL,
    id      TEXT COLLATE "C" NOT NULL,
    version BIGINT NOT NULL,
    name    TEXT COLLATE "C" NOT NULL,
    text    TEXT NOT NULL,
    PRIMARY KEY (tenant, id)
);

CREATE UNIQUE INDEX person_name ON person (tenant, name);

CREATE TABLE person_group (
    tenant  TEXT COLLATE "C" NOT NULL,
    id      TEXT COLLATE "C" NOT NULL,
    version BIGINT NOT NULL,
    text    TEXT NOT NULL,
    PRIMARY KEY (tenant, id)
);

CREATE TABLE term (
    tenant   TEXT COLLATE "C" NOT NULL,
    kind     TEXT COLLATE "C" NOT NULL,
    property TEXT COLLATE "C" NOT NULL,
    value    TEXT COLLATE "C" NOT NULL,
    id       TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant, kind, property, value, id)
);

CREATE INDEX term_object ON term (tenant, kind, id);

CREATE TABLE membership (
    tenant       TEXT COLLATE "C" NOT NULL,
    person       TEXT COLLATE "C" NOT NULL,
    person_group TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant, person, person_group)
);

CREATE INDEX membership_group ON membership (tenant, person_group, person);

CREATE TABLE heartbeat (
    id    INTEGER PRIMARY KEY CHECK (id = 1),
    beats BIGINT NOT NULL
);

INSERT INTO heartbeat VALUES (1, 0);

CREATE TABLE secret (
    id    INTEGER PRIMARY KEY CHECK (id = 1),
    value BYTEA NOT NULL
);

-- What is random without an extension is a UUID, with 122 such bits: three fill 32 bytes.
INSERT INTO secret VALUES (1, sha256(
    uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())
));
