-- name: adjustment_insert
INSERT INTO adjustment (id, scope, at_ms, cost_nano, opening_id) VALUES ($id, $scope, $at_ms, $cost_nano, $opening_id)

-- name: adjustment_opening
-- ignores from_day, to_day, days_from_ms, days_to_ms
SELECT CAST(COALESCE(SUM(cost_nano), 0) AS BIGINT) FROM adjustment
WHERE scope = $scope AND at_ms >= $from_ms AND at_ms < $to_ms AND opening_id = $opening_id

-- name: adjustment_list
SELECT scope, at_ms, cost_nano FROM adjustment
WHERE at_ms >= $from_ms AND at_ms < $to_ms
ORDER BY at_ms
