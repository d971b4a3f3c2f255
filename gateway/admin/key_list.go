package admin

import "github.com/bursarhq/terraform-provider-bursar/internal/api"

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
}

// listKeys is GET /key/list: a page of the keys by team_id, user_id, key_alias or key_hash (the id).
func (s *Server) listKeys(c *call) (any, error) {
	page, err := c.page("size", keyColumns)
	if err != nil {
		return nil, err
	}
	full, err := c.choice("return_full_object", "true", "false", "True", "False")
	if err != nil {
		return nil, err
	}
	filter := api.KeyFilter{
		TeamID: c.query.Get("team_id"), UserID: c.query.Get("user_id"), Alias: c.query.Get("key_alias"), Page: page.order,
	}
	if id := c.query.Get("key_hash"); id != "" {
		filter.IDs = []string{id}
	}
	answer := keyList{CurrentPage: page.number}
	if full == "true" || full == "True" {
		answer.Keys, answer.TotalCount, err = s.keyPage(c.ctx(), filter)
	} else {
		answer.Keys, answer.TotalCount, err = s.keyIDPage(c, filter)
	}
	answer.TotalPages = page.pages(answer.TotalCount)
	return answer, err
}

func (s *Server) keyIDPage(c *call, filter api.KeyFilter) ([]string, int, error) {
	keys, total, err := s.record.Keys(c.ctx(), filter)
	return keyIDs(keys), total, err
}
