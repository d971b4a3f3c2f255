package admin

import (
	"encoding/json"
	"errors"
	"fmt"

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
func (s *Server) keysInfo(c *call) (any, error) {
	names, err := c.in.texts("keys")
	if err != nil {
		return nil, err
	}
	if len(names) == 0 || len(names) > maxLookup {
		return nil, api.FieldErrorf("keys", "is required: a list of 1 to %d keys", maxLookup)
	}
	if err := c.in.expect(&struct{}{}); err != nil {
		return nil, err
	}
	found := keysFound{Key: []string{}, Info: []api.Key{}}
	for _, name := range names {
		key, err := s.keyNamed(c.ctx(), name)
		if api.CodeOf(err) == api.NotFound {
			continue
		}
		if err != nil {
			return nil, err
		}
		found.Key, found.Info = append(found.Key, shownName(name)), append(found.Info, key)
	}
	return found, s.completeKeys(c.ctx(), found.Info)
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
func (s *Server) bulkUpdateKeys(c *call) (any, error) {
	var entries []map[string]json.RawMessage
	if err := json.Unmarshal(c.in.take("keys"), &entries); err != nil {
		return nil, api.FieldErrorf("keys", "must be a list of objects")
	}
	if len(entries) == 0 || len(entries) > maxBulk {
		return nil, api.FieldErrorf("keys", "is required: a list of 1 to %d changes", maxBulk)
	}
	if err := c.in.expect(&struct{}{}); err != nil {
		return nil, err
	}
	answer := keysUpdated{TotalRequested: len(entries), SuccessfulUpdates: []keyUpdated{}, FailedUpdates: []keyUpdateRefused{}}
	for i, fields := range entries {
		one := *c
		one.in = &input{fields: fields, strict: c.in.strict, update: true}
		one.in.read()
		var name string
		_ = json.Unmarshal(fields["key"], &name) // what is no text is refused below
		changed, err := s.changeKey(&one)
		for _, field := range one.in.unknown {
			c.in.unknown = append(c.in.unknown, fmt.Sprintf("keys.%d.%s", i, field))
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
func (s *Server) checkKeyHealth(c *call) (any, error) {
	return keyHealth{Key: "healthy"}, c.in.expect(&struct{}{})
}
