package api

// Change says who makes a change, from where and why; the record keeps it in the audit log.
type Change struct {
	Actor string
	// Address is the caller's network address, without the port.
	Address   string
	Reason    string
	RequestID string
}

// TeamFilter selects and orders teams.
type TeamFilter struct {
	// IDs restricts to these teams; nil does not, an empty list selects none.
	IDs []string
	// AliasContains is looked for in team_alias, whatever the case.
	AliasContains string
	// SortBy is "team_id", "team_alias" or "created_at", the default.
	SortBy string
	Desc   bool
	// Limit is the most that is wanted; 0 wants all.
	Limit  int
	Offset int
}

// KeyFilter selects and orders keys. What is empty does not restrict.
type KeyFilter struct {
	TeamID string
	UserID string
	// Alias is looked for exactly.
	Alias string
	// IDs restricts to these keys; nil does not, an empty list selects none.
	IDs []string
	// SortBy is "key_id", "key_alias" or "created_at", the default.
	SortBy string
	Desc   bool
	// Limit is the most that is wanted; 0 wants all.
	Limit  int
	Offset int
}
