-- name: token_reports_put
INSERT INTO token_reports (deployment, model, kind, gateway, reports, updated_at_ms)
VALUES ($deployment, $model, $kind, $gateway, $reports, $updated_at_ms)
ON CONFLICT (deployment, model, kind, gateway) DO UPDATE SET reports = excluded.reports, updated_at_ms = excluded.updated_at_ms

-- name: token_reports_since
SELECT deployment, model, kind, gateway, reports, updated_at_ms FROM token_reports WHERE updated_at_ms >= $since_ms

-- name: token_reports_purge
DELETE FROM token_reports WHERE updated_at_ms < $before_ms
