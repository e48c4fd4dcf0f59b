CREATE TABLE answer (
    tenant  TEXT NOT NULL,
    caller  TEXT NOT NULL,
    id      TEXT NOT NULL,
    owner   TEXT NOT NULL,
    text    TEXT NOT NULL,
    expires INTEGER NOT NULL,
    PRIMARY KEY (tenant, caller, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX answer_expires ON answer (tenant, expires);

CREATE INDEX answer_owner ON answer (tenant, owner);
