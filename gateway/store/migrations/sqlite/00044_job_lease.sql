-- +goose Up
-- Which gateway does a job that one is to do at a time, until when.
CREATE TABLE job_lease (
    name     TEXT PRIMARY KEY,
    holder   TEXT NOT NULL,
    until_ms BIGINT NOT NULL
);
