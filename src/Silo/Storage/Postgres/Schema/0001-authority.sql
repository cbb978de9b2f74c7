-- The authority and the evidence of the cluster. Text compares by bytes ("C"), so that no upgrade of the system's locales can reorder an index.

-- Whoever changes anything updates or locks this row first: the order of commits is the order of numbers, and no change overlooks a lease.
CREATE TABLE assay.head (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    number bigint NOT NULL
);
INSERT INTO assay.head (number) VALUES (0);

CREATE TABLE assay.change (
    number bigint PRIMARY KEY,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    reason text NOT NULL
);

CREATE TABLE assay.feed (
    number bigint NOT NULL,
    realm text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    PRIMARY KEY (number, realm, kind, id)
);

-- Versions are added and never changed. A version without a body is a deletion.
CREATE TABLE assay.object (
    realm text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    number bigint NOT NULL,
    body bytea,
    PRIMARY KEY (realm, kind, id, number)
);

CREATE TABLE assay.unique_key (
    realm text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    PRIMARY KEY (realm, name)
);
CREATE INDEX unique_key_holder ON assay.unique_key (realm, kind, id);

-- The fence: an evidence commit locks its row here for share. Renewals touch only the lease beside it, so neither waits for the other.
CREATE TABLE assay.epoch (
    epoch bigint PRIMARY KEY,
    slot text COLLATE "C" NOT NULL,
    address text COLLATE "C" NOT NULL,
    joined timestamptz NOT NULL,
    seal bigint,
    sealed timestamptz
);
CREATE INDEX epoch_address ON assay.epoch (address);
CREATE INDEX epoch_unsealed ON assay.epoch (slot) WHERE seal IS NULL;

-- "sealed" repeats epoch.seal: a renewal that waited for a seal looks again at its own row only.
CREATE TABLE assay.lease (
    epoch bigint PRIMARY KEY REFERENCES assay.epoch,
    renewed timestamptz NOT NULL,
    expires timestamptz NOT NULL,
    acknowledged bigint NOT NULL,
    sealed boolean NOT NULL DEFAULT false,
    given_back boolean NOT NULL DEFAULT false,
    condemned boolean NOT NULL DEFAULT false,
    report text
) WITH (fillfactor = 50);

CREATE TABLE assay.condemned (
    address text COLLATE "C" PRIMARY KEY,
    at timestamptz NOT NULL
);

CREATE TABLE assay.batch (
    shard bigint NOT NULL,
    first bigint NOT NULL,
    count integer NOT NULL,
    at timestamptz NOT NULL,
    stored timestamptz NOT NULL DEFAULT clock_timestamp(),
    payload bytea NOT NULL,
    checksum bigint NOT NULL,
    PRIMARY KEY (shard, first)
);
ALTER TABLE assay.batch ALTER COLUMN payload SET STORAGE EXTERNAL; -- records are read one by one and compress badly
CREATE INDEX batch_stored ON assay.batch (stored);

CREATE TABLE assay.subject (
    realm text COLLATE "C" NOT NULL,
    subject text COLLATE "C" NOT NULL,
    at timestamptz NOT NULL,
    shard bigint NOT NULL,
    first bigint NOT NULL,
    positions bytea NOT NULL,
    spent bytea,
    spent_until bigint,
    PRIMARY KEY (realm, subject, at, shard, first)
);
CREATE INDEX subject_spent ON assay.subject (realm, subject, spent_until) WHERE spent IS NOT NULL;
