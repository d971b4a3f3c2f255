-- name: adjustment_insert
INSERT INTO adjustment (id, scope, at_ms, cost_nano) VALUES ($id, $scope, $at_ms, $cost_nano)

-- name: adjustment_list
SELECT scope, at_ms, cost_nano FROM adjustment
WHERE at_ms >= $from_ms AND at_ms < $to_ms
ORDER BY at_ms
