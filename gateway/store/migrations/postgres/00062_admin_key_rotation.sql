-- +goose Up
-- The secret that an admin key had before, which opens it for a while after a rotation.
ALTER TABLE admin_key ADD COLUMN former_hash BYTEA;
ALTER TABLE admin_key ADD COLUMN former_until_ms BIGINT;
CREATE INDEX admin_key_former ON admin_key (former_hash);
