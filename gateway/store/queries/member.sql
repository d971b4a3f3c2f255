-- name: member_insert
INSERT INTO member (id, team_id, user_id, place, declared_in, revision, created_at_ms, created_by, updated_at_ms, updated_by, document)
VALUES ($id, $team_id, $user_id, $place, $declared_in, $revision, $created_at_ms, $created_by, $updated_at_ms, $updated_by, $document)

-- name: member_update
-- ignores created_at_ms, created_by, team_id, user_id, place
UPDATE member
SET declared_in = $declared_in, revision = $revision, updated_at_ms = $updated_at_ms, updated_by = $updated_by, document = $document
WHERE id = $id

-- name: member_delete
DELETE FROM member WHERE id = $id

-- name: member_delete_of_team
DELETE FROM member WHERE team_id = $team_id

-- name: member_get
SELECT member.id, member.declared_in, member.revision, member.created_at_ms, member.created_by,
    member.updated_at_ms, member.updated_by, member.document, member.team_id, member.user_id, users.email
FROM member JOIN users ON users.id = member.user_id
WHERE member.id = $id

-- name: member_of_teams
SELECT member.id, member.declared_in, member.revision, member.created_at_ms, member.created_by,
    member.updated_at_ms, member.updated_by, member.document, member.team_id, member.user_id, users.email
FROM member JOIN users ON users.id = member.user_id
WHERE member.team_id IN ($team_ids)
ORDER BY member.team_id, member.created_at_ms, member.place, member.id

-- name: member_of_users
SELECT user_id, team_id FROM member WHERE user_id IN ($user_ids) ORDER BY user_id, team_id
