-- How lists are sorted, and where their pages begin. The column is that of the name; by_alias is what callers call it.

-- lines: ordered_by
ORDER BY
  id -- if by_id
  id DESC -- if by_id_desc
  $column, id -- if by_alias
  $column DESC, id DESC -- if by_alias_desc
  created_at_ms, id -- if by_created_at
  created_at_ms DESC, id DESC -- if by_created_at_desc
  updated_at_ms, id -- if by_updated_at
  updated_at_ms DESC, id DESC -- if by_updated_at_desc
LIMIT $limit OFFSET $offset

-- lines: behind_edge
  AND id > $edge_id -- if after_id
  AND id < $edge_id -- if after_id_desc
  AND (alias_lower, id) > ($edge_text, $edge_id) -- if after_alias
  AND (alias_lower, id) < ($edge_text, $edge_id) -- if after_alias_desc
  AND (created_at_ms, id) > ($edge_ms, $edge_id) -- if after_created_at
  AND (created_at_ms, id) < ($edge_ms, $edge_id) -- if after_created_at_desc
  AND (updated_at_ms, id) > ($edge_ms, $edge_id) -- if after_updated_at
  AND (updated_at_ms, id) < ($edge_ms, $edge_id) -- if after_updated_at_desc

-- lines: edge
SELECT id,
  id -- if by_id
  id -- if by_id_desc
  alias_lower -- if by_alias
  alias_lower -- if by_alias_desc
  created_at_ms -- if by_created_at
  created_at_ms -- if by_created_at_desc
  updated_at_ms -- if by_updated_at
  updated_at_ms -- if by_updated_at_desc
