package api

// Names of the counters that spending is counted in. The ledger reads them back, and the record keeps
// adjustments and armed thresholds under them.

// TeamScope names the counter of a team.
func TeamScope(teamID string) string { return "team:" + teamID }

// KeyScope names the counter of a key.
func KeyScope(keyID string) string { return "key:" + keyID }

// PotScope names the counter of a pot. Terms that teams and keys share have no counter of their own.
func PotScope(budgetID string) string { return "budget:" + budgetID }

// UserScope names the counter of a user over all teams.
func UserScope(userID string) string { return "user:" + userID }

// MemberScope names the counter of a user in a team. "#" stands in no id.
func MemberScope(teamID, userID string) string { return "member:" + teamID + "#" + userID }

// MembersScope stands for what a team has for all members without terms of their own. Nothing is counted under it.
func MembersScope(teamID string) string { return "members:" + teamID }
