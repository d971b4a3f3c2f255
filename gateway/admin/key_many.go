package admin

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/route"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

const (
	// maxBulk is how many keys one request may change, as LiteLLM has it.
	maxBulk = 500
	// maxLookup is how many keys one request may ask for.
	maxLookup = 1000
)

// keysFound is the answer of POST /v2/key/info: what was asked for and is there, in the order asked.
type keysFound struct {
	// Key repeats the keys as the caller named them; secrets are masked.
	Key  []string  `json:"key"`
	Info []api.Key `json:"info"`
}

// keysInfo is POST /v2/key/info {"keys"}: those that are there.
func (s *Server) keysInfo(c *route.Call) (any, error) {
	names, err := c.In.Texts("keys")
	if err != nil {
		return nil, err
	}
	if len(names) == 0 || len(names) > maxLookup {
		return nil, api.FieldErrorf("keys", "is required: a list of 1 to %d keys", maxLookup)
	}
	if err := c.In.Expect(&struct{}{}); err != nil {
		return nil, err
	}
	found := keysFound{Key: []string{}, Info: []api.Key{}}
	for _, name := range names {
		key, err := s.keyNamed(c.Context(), name)
		if api.CodeOf(err) == api.NotFound {
			continue
		}
		if err != nil {
			return nil, err
		}
		found.Key, found.Info = append(found.Key, shownName(name)), append(found.Info, key)
	}
	return found, s.completeKeys(c.Context(), found.Info)
}

// keysUpdated is the answer of POST /key/bulk_update.
type keysUpdated struct {
	TotalRequested    int                `json:"total_requested"`
	SuccessfulUpdates []keyUpdated       `json:"successful_updates"`
	FailedUpdates     []keyUpdateRefused `json:"failed_updates"`
}

type keyUpdated struct {
	Key     string  `json:"key"`
	KeyInfo api.Key `json:"key_info"`
}

type keyUpdateRefused struct {
	Key          string   `json:"key"`
	KeyInfo      *api.Key `json:"key_info"`
	FailedReason string   `json:"failed_reason"`
}

// bulkUpdateKeys is POST /key/bulk_update {"keys"}: each entry is a body of /key/update and stands for itself.
func (s *Server) bulkUpdateKeys(c *route.Call) (any, error) {
	var entries []map[string]json.RawMessage
	if err := json.Unmarshal(c.In.Take("keys"), &entries); err != nil {
		return nil, api.FieldErrorf("keys", "must be a list of objects")
	}
	if len(entries) == 0 || len(entries) > maxBulk {
		return nil, api.FieldErrorf("keys", "is required: a list of 1 to %d changes", maxBulk)
	}
	if err := c.In.Expect(&struct{}{}); err != nil {
		return nil, err
	}
	answer := keysUpdated{TotalRequested: len(entries), SuccessfulUpdates: []keyUpdated{}, FailedUpdates: []keyUpdateRefused{}}
	for i, fields := range entries {
		one := *c
		one.In = c.In.Entry(fields)
		var name string
		_ = json.Unmarshal(fields["key"], &name) // what is no text is refused below
		changed, err := s.changeKey(&one)
		for _, field := range one.In.Unknown {
			c.In.Unknown = append(c.In.Unknown, fmt.Sprintf("keys.%d.%s", i, field))
		}
		var refusal *api.Error
		switch {
		case err == nil:
			answer.SuccessfulUpdates = append(answer.SuccessfulUpdates, keyUpdated{Key: shownName(name), KeyInfo: changed.Info})
		case errors.As(err, &refusal) && refusal.HTTPStatus() < 500:
			answer.FailedUpdates = append(answer.FailedUpdates, keyUpdateRefused{Key: shownName(name), FailedReason: refusal.Message})
		default:
			return nil, fmt.Errorf("change key %d of %d: %w", i+1, len(entries), err)
		}
	}
	return answer, nil
}

// keyHealth is the answer of POST /key/health.
type keyHealth struct {
	Key string `json:"key"`
	// LoggingCallbacks is always null: the gateway logs by itself.
	LoggingCallbacks *string `json:"logging_callbacks"`
}

// checkKeyHealth is POST /key/health: a request that got here carries a key that works.
func (s *Server) checkKeyHealth(c *route.Call) (any, error) {
	return keyHealth{Key: "healthy"}, c.In.Expect(&struct{}{})
}
