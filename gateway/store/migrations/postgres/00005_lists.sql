-- +goose Up

-- What lists of keys are filtered by.
ALTER TABLE key ADD COLUMN blocked BIGINT NOT NULL DEFAULT 0;
ALTER TABLE key ADD COLUMN expires_at_ms BIGINT;
UPDATE key SET blocked = CASE WHEN document::json ->> 'blocked' = 'true' THEN 1 ELSE 0 END,
    expires_at_ms = EXTRACT(EPOCH FROM (document::json ->> 'expires')::timestamptz) * 1000;
CREATE INDEX key_blocked ON key (created_at_ms, id) WHERE blocked = 1;
CREATE INDEX key_expires ON key (expires_at_ms) WHERE expires_at_ms IS NOT NULL;

-- How many rows there are: 'team', 'key', 'key/team/<id>', 'key/user/<id>'. Counting would take
-- longer the more there are. The database keeps it, so that no statement can forget to.
CREATE TABLE tally (
    name TEXT COLLATE "C" PRIMARY KEY,
    n    BIGINT NOT NULL
);
INSERT INTO tally (name, n) SELECT 'team', COUNT(*) FROM team;
INSERT INTO tally (name, n) SELECT 'key', COUNT(*) FROM key;
INSERT INTO tally (name, n) SELECT 'key/team/' || team_id, COUNT(*) FROM key WHERE team_id IS NOT NULL GROUP BY team_id;
INSERT INTO tally (name, n) SELECT 'key/user/' || user_id, COUNT(*) FROM key WHERE user_id IS NOT NULL GROUP BY user_id;

-- +goose StatementBegin
CREATE FUNCTION team_tally() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE tally SET n = n + (SELECT COUNT(*) FROM changed) * CASE TG_OP WHEN 'INSERT' THEN 1 ELSE -1 END WHERE name = 'team';
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER team_tally_insert AFTER INSERT ON team REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION team_tally();
CREATE TRIGGER team_tally_delete AFTER DELETE ON team REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION team_tally();
-- +goose StatementBegin
CREATE FUNCTION key_tally_insert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO tally (name, n)
    SELECT name, SUM(step) FROM (
        SELECT 'key' AS name, 1 AS step FROM added
        UNION ALL SELECT 'key/team/' || team_id, 1 FROM added WHERE team_id IS NOT NULL
        UNION ALL SELECT 'key/user/' || user_id, 1 FROM added WHERE user_id IS NOT NULL
    ) AS steps GROUP BY name HAVING SUM(step) <> 0 ORDER BY name
    ON CONFLICT (name) DO UPDATE SET n = tally.n + EXCLUDED.n;
    RETURN NULL;
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION key_tally_delete() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO tally (name, n)
    SELECT name, SUM(step) FROM (
        SELECT 'key' AS name, -1 AS step FROM gone
        UNION ALL SELECT 'key/team/' || team_id, -1 FROM gone WHERE team_id IS NOT NULL
        UNION ALL SELECT 'key/user/' || user_id, -1 FROM gone WHERE user_id IS NOT NULL
    ) AS steps GROUP BY name HAVING SUM(step) <> 0 ORDER BY name
    ON CONFLICT (name) DO UPDATE SET n = tally.n + EXCLUDED.n;
    DELETE FROM tally USING gone
    WHERE tally.n = 0 AND tally.name IN ('key/team/' || gone.team_id, 'key/user/' || gone.user_id);
    RETURN NULL;
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION key_tally_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO tally (name, n)
    SELECT name, SUM(step) FROM (
        SELECT 'key' AS name, 1 AS step FROM added
        UNION ALL SELECT 'key/team/' || team_id, 1 FROM added WHERE team_id IS NOT NULL
        UNION ALL SELECT 'key/user/' || user_id, 1 FROM added WHERE user_id IS NOT NULL
        UNION ALL SELECT 'key' AS name, -1 AS step FROM gone
        UNION ALL SELECT 'key/team/' || team_id, -1 FROM gone WHERE team_id IS NOT NULL
        UNION ALL SELECT 'key/user/' || user_id, -1 FROM gone WHERE user_id IS NOT NULL
    ) AS steps GROUP BY name HAVING SUM(step) <> 0 ORDER BY name
    ON CONFLICT (name) DO UPDATE SET n = tally.n + EXCLUDED.n;
    DELETE FROM tally USING gone
    WHERE tally.n = 0 AND tally.name IN ('key/team/' || gone.team_id, 'key/user/' || gone.user_id);
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER key_tally_insert AFTER INSERT ON key REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION key_tally_insert();
CREATE TRIGGER key_tally_delete AFTER DELETE ON key REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION key_tally_delete();
CREATE TRIGGER key_tally_update AFTER UPDATE ON key REFERENCING NEW TABLE AS added OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION key_tally_update();
