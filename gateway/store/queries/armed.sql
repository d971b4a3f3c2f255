-- name: armed_again
INSERT INTO armed (scope, generation) VALUES ($scope, 1)
ON CONFLICT (scope) DO UPDATE SET generation = armed.generation + 1

-- name: armed_of
SELECT scope, generation FROM armed WHERE scope IN ($scopes)
