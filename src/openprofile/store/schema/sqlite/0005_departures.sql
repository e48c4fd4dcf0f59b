CREATE TABLE departure (
    tenant TEXT NOT NULL,
    mark   TEXT NOT NULL,
    at     INTEGER NOT NULL,
    PRIMARY KEY (tenant, mark)
) STRICT, WITHOUT ROWID;
