-- +goose Up
-- Whom or what each approved change is about, so that a change is held against those that concern it alone.
CREATE TABLE quota_review_subject (
    quota_review_id TEXT NOT NULL REFERENCES quota_review (id) ON DELETE CASCADE,
    subject         TEXT NOT NULL, -- '': any, of those that were approved before
    place           BIGINT NOT NULL,
    PRIMARY KEY (quota_review_id, subject, place)
);
INSERT INTO quota_review_subject (quota_review_id, subject, place) SELECT quota_review_id, '', place FROM quota_review_change;
