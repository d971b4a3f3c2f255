package admin

import (
	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/route"
	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// keyColumns are what lists of keys can be sorted by.
var keyColumns = map[string]string{
	"key_id": api.SortByID, "token": api.SortByID, "key_alias": api.SortByAlias,
	"created_at": api.SortByCreatedAt, "updated_at": api.SortByUpdatedAt,
}

// keyList is the answer of GET /key/list.
type keyList struct {
	// Keys are ids, or whole keys with return_full_object=true.
	Keys        any `json:"keys"`
	TotalCount  int `json:"total_count"`
	CurrentPage int `json:"current_page"`
	TotalPages  int `json:"total_pages"`
	// NextCursor is what cursor has to be for the page after this one; nil on the last page.
	NextCursor *string `json:"next_cursor"`
}

// listKeys is GET /key/list: a page of the keys that the parameters select.
func (s *Server) listKeys(c *route.Call) (any, error) {
	page, err := c.Page("size", keyColumns)
	if err != nil {
		return nil, err
	}
	if c.Query.Get("sort_order") == "" {
		page.Order.Desc = true // as LiteLLM lists keys, whatever they are sorted by
	}
	full, err := wantsWholeKeys(c)
	if err != nil {
		return nil, err
	}
	filter, err := keyFilter(c)
	if err != nil {
		return nil, err
	}
	filter.Page = page.Order
	keys, total, err := s.record.Keys(c.Context(), filter)
	if err != nil {
		return nil, err
	}
	answer := keyList{
		Keys: keyIDs(keys), TotalCount: total, CurrentPage: page.Number, TotalPages: page.Pages(total),
		NextCursor: page.Next(len(keys), func() (string, *string, api.Record) {
			last := keys[len(keys)-1]
			return last.KeyID, last.KeyAlias, last.Record
		}),
	}
	if full {
		answer.Keys, err = keys, s.completeKeys(c.Context(), keys)
	}
	return answer, err
}

// keyFilter reads which keys are wanted.
func keyFilter(c *route.Call) (api.KeyFilter, error) {
	filter := api.KeyFilter{
		TeamID: c.Query.Get("team_id"), UserID: c.Query.Get("user_id"), Alias: c.Query.Get("key_alias"),
	}
	if !c.Caller.Role.Everywhere() {
		filter.TeamIDs = notNil(c.Caller.Teams)
	}
	if c.Caller.Role == auth.RoleKey {
		filter.UserID = c.Caller.UserID
	}
	if id := c.Query.Get("key_hash"); id != "" {
		filter.IDs = []string{id}
	}
	status, err := c.Choice("status", append(api.KeyStatuses, "deleted")...)
	if status == "deleted" || foreignOrganization(c) {
		filter.IDs, status = []string{}, "" // deleted keys are in the audit log only
	}
	filter.Status = status
	return filter, err
}

// foreignOrganization says whether objects of an organization are wanted. Bursar has none: all objects are in
// LiteLLM's default one, none in another.
func foreignOrganization(c *route.Call) bool {
	organization := c.Query.Get("organization_id")
	return organization != "" && organization != "default_organization"
}

// wantsWholeKeys says whether keys are to be answered whole: return_full_object, or expand, which LiteLLM adds users with.
func wantsWholeKeys(c *route.Call) (bool, error) {
	full, err := c.Flag("return_full_object", false)
	return full || c.Query.Get("expand") != "", err
}

// keyAliases is the answer of GET /key/aliases.
type keyAliases struct {
	Aliases     []string `json:"aliases"`
	CurrentPage int      `json:"current_page"`
	Size        int      `json:"size"`
}

// maxAliases is how many aliases are answered at once.
const maxAliases = 10_000

// listKeyAliases is GET /key/aliases: the aliases in use, in order.
func (s *Server) listKeyAliases(c *route.Call) (any, error) {
	number, err := c.Number("page", 1, route.MaxPageNumber)
	if err != nil {
		return nil, err
	}
	size, err := c.Number("size", maxAliases, maxAliases)
	if err != nil {
		return nil, err
	}
	aliases, err := s.record.KeyAliases(c.Context(), api.KeyFilter{
		AliasContains: c.Query.Get("search"), TeamID: c.Query.Get("team_id"),
		Page: api.Page{Limit: size, Offset: (number - 1) * size},
	})
	return keyAliases{Aliases: aliases, CurrentPage: number, Size: size}, err
}
