-- Who is a member of the cluster: the tables are ours, the queries answer what Orleans' relational membership provider asks for. It finds them by
-- name in a table that has to be called OrleansQuery; its connections have the schema assay in their search path.

-- One row a cluster. Every change of membership moves the version by one: views of the cluster are in one order everywhere.
CREATE TABLE assay.membership (
    deployment text COLLATE "C" PRIMARY KEY,
    version integer NOT NULL DEFAULT 0,
    changed timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE assay.member (
    deployment text COLLATE "C" NOT NULL REFERENCES assay.membership ON DELETE CASCADE,
    address text COLLATE "C" NOT NULL,
    port integer NOT NULL,
    generation integer NOT NULL,
    name text NOT NULL,
    host text NOT NULL,
    status integer NOT NULL,
    proxy_port integer NOT NULL,
    suspect_times text,
    started timestamptz NOT NULL,
    alive timestamptz NOT NULL,
    PRIMARY KEY (deployment, address, port, generation)
);

CREATE TABLE assay.orleansquery (
    querykey text COLLATE "C" PRIMARY KEY,
    querytext text NOT NULL
);

INSERT INTO assay.orleansquery (querykey, querytext) VALUES

('InsertMembershipVersionKey', $query$
WITH made AS (
    INSERT INTO assay.membership (deployment) VALUES (@DeploymentId) ON CONFLICT (deployment) DO NOTHING RETURNING 1
)
SELECT EXISTS (SELECT FROM made)
$query$),

-- The row comes with the version after the one its writer saw, or not at all.
('InsertMembershipKey', $query$
WITH moved AS (
    UPDATE assay.membership SET version = version + 1, changed = clock_timestamp()
    WHERE deployment = @DeploymentId AND version = @Version
      AND NOT EXISTS (
        SELECT FROM assay.member
        WHERE deployment = @DeploymentId AND address = @Address AND port = @Port AND generation = @Generation)
    RETURNING deployment
), inserted AS (
    INSERT INTO assay.member (deployment, address, port, generation, name, host, status, proxy_port, started, alive)
    SELECT deployment, @Address, @Port, @Generation, @SiloName, @HostName, @Status, @ProxyPort, @StartTime, @IAmAliveTime FROM moved
    RETURNING 1
)
SELECT EXISTS (SELECT FROM inserted)
$query$),

-- Others write here too, from what they have read: a sign of life that came meanwhile is not taken back.
('UpdateMembershipKey', $query$
WITH moved AS (
    UPDATE assay.membership SET version = version + 1, changed = clock_timestamp()
    WHERE deployment = @DeploymentId AND version = @Version
      AND EXISTS (
        SELECT FROM assay.member
        WHERE deployment = @DeploymentId AND address = @Address AND port = @Port AND generation = @Generation)
    RETURNING deployment
), changed AS (
    UPDATE assay.member SET status = @Status, suspect_times = @SuspectTimes, alive = greatest(member.alive, @IAmAliveTime)
    FROM moved
    WHERE member.deployment = moved.deployment AND address = @Address AND port = @Port AND generation = @Generation
    RETURNING 1
)
SELECT EXISTS (SELECT FROM changed)
$query$),

('UpdateIAmAlivetimeKey', $query$
UPDATE assay.member SET alive = @IAmAliveTime
WHERE deployment = @DeploymentId AND address = @Address AND port = @Port AND generation = @Generation
$query$),

-- Both answer a row with the version also when there is no member.
('MembershipReadRowKey', $query$
SELECT m.deployment AS "DeploymentId", address AS "Address", port AS "Port", generation AS "Generation", name AS "SiloName", host AS "HostName",
    status AS "Status", proxy_port AS "ProxyPort", suspect_times AS "SuspectTimes", started AS "StartTime", alive AS "IAmAliveTime", version AS "Version"
FROM assay.membership m
LEFT JOIN assay.member s ON s.deployment = m.deployment AND address = @Address AND port = @Port AND generation = @Generation
WHERE m.deployment = @DeploymentId
$query$),

('MembershipReadAllKey', $query$
SELECT deployment AS "DeploymentId", address AS "Address", port AS "Port", generation AS "Generation", name AS "SiloName", host AS "HostName",
    status AS "Status", proxy_port AS "ProxyPort", suspect_times AS "SuspectTimes", started AS "StartTime", alive AS "IAmAliveTime", version AS "Version"
FROM assay.membership LEFT JOIN assay.member USING (deployment)
WHERE deployment = @DeploymentId
$query$),

('GatewaysQueryKey', $query$
SELECT address AS "Address", proxy_port AS "ProxyPort", generation AS "Generation"
FROM assay.member
WHERE deployment = @DeploymentId AND status = @Status AND proxy_port > 0
$query$),

('DeleteMembershipTableEntriesKey', $query$
DELETE FROM assay.membership WHERE deployment = @DeploymentId
$query$),

-- Only the dead (6) go, and only when nothing of them is newer than asked for.
('CleanupDefunctSiloEntriesKey', $query$
DELETE FROM assay.member
WHERE deployment = @DeploymentId AND status = 6 AND alive < @IAmAliveTime AND started < @IAmAliveTime
$query$),

('CleanupDefunctSiloEntryKey', $query$
DELETE FROM assay.member
WHERE deployment = @DeploymentId AND address = @Address AND port = @Port AND generation = @Generation AND status = 6
  AND started = @StartTime AND alive = @IAmAliveTime AND coalesce(suspect_times, '') = coalesce(@SuspectTimes, '')
$query$);
