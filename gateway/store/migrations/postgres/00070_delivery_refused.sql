-- +goose Up
-- How many of the attempts the receiver refused.
ALTER TABLE alert_delivery ADD COLUMN refused BIGINT NOT NULL DEFAULT 0;
