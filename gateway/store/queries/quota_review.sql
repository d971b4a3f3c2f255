-- name: quota_review_insert
INSERT INTO quota_review (id, state, declared_in, revision, created_at_ms, created_by, updated_at_ms, updated_by, document)
VALUES ($id, $state, $declared_in, $revision, $created_at_ms, $created_by, $updated_at_ms, $updated_by, $document)

-- name: quota_review_update
-- ignores created_at_ms, created_by
UPDATE quota_review
SET state = $state, declared_in = $declared_in, revision = $revision, updated_at_ms = $updated_at_ms, updated_by = $updated_by, document = $document
WHERE id = $id

-- name: quota_review_get
SELECT id, declared_in, revision, created_at_ms, created_by, updated_at_ms, updated_by, document, state,
    (SELECT COUNT(used_at_ms) FROM quota_review_change WHERE quota_review_id = quota_review.id)
FROM quota_review WHERE id = $id

-- name: quota_review_terms
SELECT id, declared_in, revision, created_at_ms, created_by, updated_at_ms, updated_by, document, state, 0
FROM quota_review WHERE id = $id

-- name: quota_review_list
SELECT id, declared_in, revision, created_at_ms, created_by, updated_at_ms, updated_by, document, state,
    (SELECT COUNT(used_at_ms) FROM quota_review_change WHERE quota_review_id = quota_review.id)
FROM quota_review
WHERE 1 = 1
  AND state = $state -- if state
ORDER BY created_at_ms DESC, id DESC
LIMIT $limit

-- name: quota_review_change_insert
INSERT INTO quota_review_change (quota_review_id, place, noun, document) VALUES ($id, $place, $noun, $document)

-- name: quota_review_change_list
SELECT place, used_at_ms, document FROM quota_review_change
WHERE quota_review_id = $id
ORDER BY place

-- name: quota_review_change_find
SELECT place, used_at_ms, document FROM quota_review_change
WHERE quota_review_id = $id
  AND (
    place IN (
      SELECT place FROM quota_review_subject WHERE quota_review_id = $id
        AND subject IN ($subjects) -- if subjects
    )
    -- An older gateway beside this one keeps no subjects of what it approves.
    OR NOT EXISTS (
      SELECT 1 FROM quota_review_subject AS kept
      WHERE kept.quota_review_id = quota_review_change.quota_review_id AND kept.place = quota_review_change.place
    )
  )
ORDER BY place

-- name: quota_review_subject_insert
INSERT INTO quota_review_subject (quota_review_id, subject, place) VALUES ($id, $subject, $place)

-- name: quota_review_change_use
UPDATE quota_review_change SET used_at_ms = $used_at_ms WHERE quota_review_id = $id AND place = $place
