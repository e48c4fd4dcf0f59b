CREATE TABLE answer (
    tenant  TEXT COLLATE "C" NOT NULL,
    caller  TEXT COLLATE "C" NOT NULL,
    id      TEXT COLLATE "C" NOT NULL,
    owner   TEXT COLLATE "C" NOT NULL,
    text    TEXT NOT NULL,
    expires BIGINT NOT NULL,
    PRIMARY KEY (tenant, caller, id)
);

CREATE INDEX answer_expires ON answer (tenant, expires);

CREATE INDEX answer_owner ON answer (tenant, owner);
