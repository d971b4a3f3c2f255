-- +goose Up
-- What each gateway has learned of the vocabulary of each deployment, from what its provider reported lately.
CREATE TABLE token_reports (
    deployment    TEXT COLLATE "C" NOT NULL,
    model         TEXT COLLATE "C" NOT NULL, -- the provider's name
    kind          TEXT COLLATE "C" NOT NULL, -- of text
    gateway       TEXT COLLATE "C" NOT NULL,
    reports       TEXT NOT NULL, -- JSON, some dozens
    updated_at_ms BIGINT NOT NULL,
    PRIMARY KEY (deployment, model, kind, gateway)
);
CREATE INDEX token_reports_updated ON token_reports (updated_at_ms);
