-- +goose Up

-- What lists of keys are filtered by.
ALTER TABLE key ADD COLUMN blocked BIGINT NOT NULL DEFAULT 0;
ALTER TABLE key ADD COLUMN expires_at_ms BIGINT;
UPDATE key SET blocked = COALESCE(document ->> '$.blocked', 0),
    expires_at_ms = CAST(ROUND((julianday(document ->> '$.expires') - 2440587.5) * 86400000) AS BIGINT);
CREATE INDEX key_blocked ON key (created_at_ms, id) WHERE blocked = 1;
CREATE INDEX key_expires ON key (expires_at_ms) WHERE expires_at_ms IS NOT NULL;

-- How many rows there are: 'team', 'key', 'key/team/<id>', 'key/user/<id>'. Counting would take
-- longer the more there are. The database keeps it, so that no statement can forget to.
CREATE TABLE tally (
    name TEXT PRIMARY KEY,
    n    BIGINT NOT NULL
);
INSERT INTO tally (name, n) SELECT 'team', COUNT(*) FROM team;
INSERT INTO tally (name, n) SELECT 'key', COUNT(*) FROM key;
INSERT INTO tally (name, n) SELECT 'key/team/' || team_id, COUNT(*) FROM key WHERE team_id IS NOT NULL GROUP BY team_id;
INSERT INTO tally (name, n) SELECT 'key/user/' || user_id, COUNT(*) FROM key WHERE user_id IS NOT NULL GROUP BY user_id;

-- +goose StatementBegin
CREATE TRIGGER team_tally_insert AFTER INSERT ON team
BEGIN UPDATE tally SET n = n + 1 WHERE name = 'team'; END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER team_tally_delete AFTER DELETE ON team
BEGIN UPDATE tally SET n = n - 1 WHERE name = 'team'; END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER key_tally_insert AFTER INSERT ON key
BEGIN
    UPDATE tally SET n = n + 1 WHERE name = 'key';
    INSERT INTO tally (name, n)
    SELECT name, 1 FROM (SELECT 'key/team/' || NEW.team_id AS name UNION ALL SELECT 'key/user/' || NEW.user_id)
    WHERE name IS NOT NULL
    ON CONFLICT (name) DO UPDATE SET n = n + 1;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER key_tally_delete AFTER DELETE ON key
BEGIN
    UPDATE tally SET n = n - 1 WHERE name = 'key';
    UPDATE tally SET n = n - 1 WHERE name IN ('key/team/' || OLD.team_id, 'key/user/' || OLD.user_id);
    DELETE FROM tally WHERE name IN ('key/team/' || OLD.team_id, 'key/user/' || OLD.user_id) AND n = 0;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER key_tally_update AFTER UPDATE OF team_id, user_id ON key
WHEN OLD.team_id IS NOT NEW.team_id OR OLD.user_id IS NOT NEW.user_id
BEGIN
    INSERT INTO tally (name, n)
    SELECT name, 1 FROM (SELECT 'key/team/' || NEW.team_id AS name UNION ALL SELECT 'key/user/' || NEW.user_id)
    WHERE name IS NOT NULL
    ON CONFLICT (name) DO UPDATE SET n = n + 1;
    UPDATE tally SET n = n - 1 WHERE name IN ('key/team/' || OLD.team_id, 'key/user/' || OLD.user_id);
    DELETE FROM tally WHERE name IN ('key/team/' || OLD.team_id, 'key/user/' || OLD.user_id) AND n = 0;
END;
-- +goose StatementEnd
