-- +goose Up
-- Sets of changes that somebody has approved. Who applies with the id of one changes these and nothing else.
CREATE TABLE quota_review (
    id            TEXT PRIMARY KEY,
    state         TEXT NOT NULL,
    declared_in   TEXT NOT NULL, -- '': as every object has it
    revision      BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    created_by    TEXT NOT NULL,
    updated_at_ms BIGINT NOT NULL,
    updated_by    TEXT NOT NULL,
    document      TEXT NOT NULL
);
CREATE INDEX quota_review_created ON quota_review (created_at_ms, id);

-- Their changes, each of which can be made once.
CREATE TABLE quota_review_change (
    quota_review_id TEXT NOT NULL REFERENCES quota_review (id) ON DELETE CASCADE,
    place           BIGINT NOT NULL,
    noun            TEXT NOT NULL,
    used_at_ms      BIGINT, -- NULL: not made yet
    document        TEXT NOT NULL,
    PRIMARY KEY (quota_review_id, place)
);
