-- +goose Up

-- One row for each deployment; those with one name serve it together.
CREATE TABLE model (
    id            TEXT COLLATE "C" PRIMARY KEY,
    name          TEXT COLLATE "C" NOT NULL,
    name_lower    TEXT COLLATE "C" NOT NULL,
    api_key       BYTEA, -- sealed; NULL: the upstream wants none
    declared_in   TEXT NOT NULL,
    revision      BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    created_by    TEXT NOT NULL,
    updated_at_ms BIGINT NOT NULL,
    updated_by    TEXT NOT NULL,
    document      JSON NOT NULL
);
CREATE INDEX model_name ON model (name, id);
CREATE INDEX model_name_lower ON model (name_lower, id);
CREATE INDEX model_created ON model (created_at_ms, id);
CREATE INDEX model_updated ON model (updated_at_ms, id);
