-- Event streams: what receivers asked for and how far they have come. Rows are overwritten; the change feed is the outbox.
CREATE TABLE assay.event_stream (
    realm text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    owner text COLLATE "C" NOT NULL,
    slot integer NOT NULL,
    version bigint NOT NULL,
    body bytea NOT NULL,
    PRIMARY KEY (realm, id),
    UNIQUE (realm, owner, slot)
) WITH (fillfactor = 50);

CREATE TABLE assay.event_subject (
    realm text COLLATE "C" NOT NULL,
    stream text COLLATE "C" NOT NULL,
    subject text COLLATE "C" NOT NULL,
    since bigint NOT NULL,
    PRIMARY KEY (realm, stream, subject),
    FOREIGN KEY (realm, stream) REFERENCES assay.event_stream (realm, id) ON DELETE CASCADE
);
