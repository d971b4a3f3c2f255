-- name: adjustment_insert
INSERT INTO adjustment (id, scope, at_ms, cost_nano) VALUES ($id, $scope, $at_ms, $cost_nano)
