-- +goose Up
-- What a call had reserved, and when it was admitted and settled to the microsecond: the engine can decide it again.
ALTER TABLE ledger ADD COLUMN reserved_tokens BIGINT NOT NULL DEFAULT 0;
ALTER TABLE ledger ADD COLUMN reserved_cost_nano BIGINT NOT NULL DEFAULT 0;
ALTER TABLE ledger ADD COLUMN sparable_tokens BIGINT NOT NULL DEFAULT 0;
ALTER TABLE ledger ADD COLUMN sparable_cost_nano BIGINT NOT NULL DEFAULT 0;
ALTER TABLE ledger ADD COLUMN uncounted_tokens BIGINT NOT NULL DEFAULT 0;
ALTER TABLE ledger ADD COLUMN admitted_us SMALLINT NOT NULL DEFAULT 0;
ALTER TABLE ledger ADD COLUMN settled_us SMALLINT NOT NULL DEFAULT 0;
