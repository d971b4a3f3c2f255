-- +goose Up
-- Which response the items belong to that a provider keeps: who may refer to them is who may go on from it.
CREATE TABLE stored_item (
    id            TEXT PRIMARY KEY,
    response_id   TEXT NOT NULL,
    created_at_ms BIGINT NOT NULL
);
CREATE INDEX stored_item_response ON stored_item (response_id);
CREATE INDEX stored_item_created ON stored_item (created_at_ms);
