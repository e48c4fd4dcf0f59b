CREATE TABLE departure (
    tenant TEXT COLLATE "C" NOT NULL,
    mark   TEXT COLLATE "C" NOT NULL,
    at     BIGINT NOT NULL,
    PRIMARY KEY (tenant, mark)
);
