-- Each shard is a Merkle tree. What its proofs need is in the batch's row, so that its commit is the tree's too; of batches that are older than this it is null.
-- An empty payload is one whose records were dropped: leaves, root and signature stay.
ALTER TABLE assay.batch
    ADD COLUMN salts bytea,
    ADD COLUMN leaves bytea,
    ADD COLUMN root bytea,
    ADD COLUMN signature bytea;
ALTER TABLE assay.batch ALTER COLUMN salts SET STORAGE EXTERNAL, ALTER COLUMN leaves SET STORAGE EXTERNAL;
CREATE INDEX batch_kept ON assay.batch (at) WHERE octet_length(payload) > 0;
CREATE INDEX subject_at ON assay.subject (at);
