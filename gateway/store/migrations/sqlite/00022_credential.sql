-- +goose Up
-- What a change was made with: the kind and the id of the credential; empty for changes of before.
ALTER TABLE audit ADD COLUMN credential_kind TEXT NOT NULL DEFAULT '';
ALTER TABLE audit ADD COLUMN credential_id TEXT NOT NULL DEFAULT '';
CREATE INDEX audit_credential ON audit (credential_id, seq);

-- Keys whose calls do not count against their user's own budget. A row stays when its key is gone: the ledger is
-- still summed up by it.
CREATE TABLE apart_key (
    user_id TEXT NOT NULL,
    key_id  TEXT NOT NULL,
    PRIMARY KEY (user_id, key_id)
);
