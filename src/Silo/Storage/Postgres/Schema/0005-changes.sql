-- What changed last of a kind, without reading everything that ever changed: a silo that joins reads the revocations that still matter.
CREATE INDEX object_number ON assay.object (realm, kind, number);
