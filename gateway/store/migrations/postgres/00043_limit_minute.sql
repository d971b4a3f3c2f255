-- +goose Up
-- What was used and refused in each minute by the clock, by key, model and limit, summed over all gateways. A row with
-- limit_name '' is what was served; other rows have refusals, or the most that was used of a limit in any 60 seconds.
CREATE TABLE limit_minute (
    minute     BIGINT NOT NULL, -- since 1970
    team_id    TEXT COLLATE "C" NOT NULL,
    key_id     TEXT COLLATE "C" NOT NULL,
    model      TEXT COLLATE "C" NOT NULL,
    limit_name TEXT COLLATE "C" NOT NULL,
    calls      BIGINT NOT NULL,
    tokens     BIGINT NOT NULL,
    refused    BIGINT NOT NULL,
    peak       BIGINT NOT NULL,
    capped_at  BIGINT NOT NULL, -- the limit at its peak
    PRIMARY KEY (minute, team_id, key_id, model, limit_name)
);
CREATE INDEX limit_minute_team ON limit_minute (team_id, minute);

-- The last batch of sums that each gateway has added.
CREATE TABLE limit_minute_writer (
    gateway       TEXT COLLATE "C" PRIMARY KEY,
    batch         BIGINT NOT NULL,
    written_at_ms BIGINT NOT NULL
);
