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
func (s *Server) listKeys(c *route.Call, in keysWanted) (keyList, error) {
	page := in.Order.Page
	filter := in.filter(c.Caller)
	filter.Page = page.Order
	keys, total, err := s.record.Keys(c.Context(), filter)
	if err != nil {
		return keyList{}, err
	}
	answer := keyList{
		Keys: keyIDs(keys), TotalCount: total, CurrentPage: page.Number, TotalPages: page.Pages(total),
		NextCursor: page.Next(len(keys), func() (string, *string, api.Record) {
			last := keys[len(keys)-1]
			return last.KeyID, last.KeyAlias, last.Record
		}),
	}
	if in.ReturnFullObject || in.Expand != "" {
		answer.Keys, err = keys, s.completeKeys(c.Context(), keys)
	}
	return answer, err
}

// filter says which keys are wanted.
func (in keysWanted) filter(caller auth.Caller) api.KeyFilter {
	filter := api.KeyFilter{TeamID: in.TeamID, UserID: in.UserID, Alias: in.KeyAlias, Status: in.Status}
	if !caller.Role.Everywhere() {
		filter.TeamIDs = notNil(caller.Teams)
	}
	if caller.Role == auth.RoleKey {
		filter.UserID = caller.UserID
	}
	if in.KeyHash != "" {
		filter.IDs = []string{in.KeyHash}
	}
	if in.Status == "deleted" || ofNoOrganization(in.OrganizationID) {
		filter.IDs, filter.Status = []string{}, "" // deleted keys are in the audit log only
	}
	return filter
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
func (s *Server) listKeyAliases(c *route.Call, in aliasesWanted) (keyAliases, error) {
	number, size := in.Place.Number, in.Place.Size
	aliases, err := s.record.KeyAliases(c.Context(), api.KeyFilter{
		AliasContains: in.Search, TeamID: in.TeamID, Page: api.Page{Limit: size, Offset: (number - 1) * size},
	})
	return keyAliases{Aliases: aliases, CurrentPage: number, Size: size}, err
}
