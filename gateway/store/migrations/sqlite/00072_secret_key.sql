-- +goose Up
-- The secret keys that the record was written with, one after the other. There are none before the first rotation.
CREATE TABLE secret_key (
    id       TEXT PRIMARY KEY,
    number   BIGINT NOT NULL UNIQUE,
    since_ms BIGINT NOT NULL,
    kept     BLOB -- sealed: what is still needed of a key that has gone; NULL for the one in use
);

-- Which secret keys the gateways that serve have.
CREATE TABLE secret_key_holder (
    gateway  TEXT PRIMARY KEY,
    key_ids  TEXT NOT NULL,
    until_ms BIGINT NOT NULL
);

-- The secret key that changes are written with, and that a hash was made with; '' is the first one.
ALTER TABLE audit_head ADD COLUMN secret_key_id TEXT NOT NULL DEFAULT '';
ALTER TABLE key_secret ADD COLUMN secret_key_id TEXT NOT NULL DEFAULT '';
ALTER TABLE admin_key ADD COLUMN secret_key_id TEXT NOT NULL DEFAULT '';
ALTER TABLE admin_key ADD COLUMN former_secret_key_id TEXT NOT NULL DEFAULT '';
-- The hash that an admin key's fingerprint is made of, where its own has moved to another secret key since.
ALTER TABLE admin_key ADD COLUMN fingerprint_of BLOB;
