-- +goose Up
-- What days have cost at another gateway, as an import brings it. Reports, forecasts and advice see it beside
-- usage_daily; budgets never do, which have opening balances.
CREATE TABLE usage_brought (
    origin            TEXT NOT NULL,
    day               TEXT NOT NULL, -- 2006-01-02
    team_id           TEXT NOT NULL,
    key_id            TEXT NOT NULL,
    user_id           TEXT NOT NULL,
    model             TEXT NOT NULL,
    requests          BIGINT NOT NULL,
    prompt_tokens     BIGINT NOT NULL,
    cached_tokens     BIGINT NOT NULL,
    completion_tokens BIGINT NOT NULL,
    cost_nano         BIGINT NOT NULL,
    PRIMARY KEY (origin, day, team_id, key_id, user_id, model)
);
CREATE INDEX usage_brought_day ON usage_brought (day);
CREATE INDEX usage_brought_team ON usage_brought (team_id, day);
CREATE INDEX usage_brought_key ON usage_brought (key_id, day);
