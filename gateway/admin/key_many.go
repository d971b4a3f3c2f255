package admin

import (
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
func (s *Server) keysInfo(c *route.Call, in keysAsked) (found keysFound, err error) {
	if len(in.Keys) > maxLookup {
		return found, api.FieldErrorf("keys", "is required: a list of 1 to %d keys", maxLookup)
	}
	found = keysFound{Key: []string{}, Info: []api.Key{}}
	for _, name := range in.Keys {
		key, err := s.findKey(c.Context(), name)
		if api.CodeOf(err) == api.NotFound {
			continue
		}
		if err != nil {
			return found, err
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
func (s *Server) bulkUpdateKeys(c *route.Call, in keyChanges) (answer keysUpdated, err error) {
	if len(in.Keys) > maxBulk {
		return answer, api.FieldErrorf("keys", "is required: a list of 1 to %d changes", maxBulk)
	}
	answer = keysUpdated{TotalRequested: len(in.Keys), SuccessfulUpdates: []keyUpdated{}, FailedUpdates: []keyUpdateRefused{}}
	for i, entry := range in.Keys {
		name := shownName(entry.Text("key"))
		var changed api.KeyInfo
		err := entry.Make(c, fmt.Sprintf("keys.%d.", i), func(one *route.Call, in keyUpdate) (err error) {
			changed, err = s.updateKey(one, in)
			return err
		})
		var refusal *api.Error
		switch {
		case err == nil:
			answer.SuccessfulUpdates = append(answer.SuccessfulUpdates, keyUpdated{Key: name, KeyInfo: changed.Info})
		case errors.As(err, &refusal) && refusal.HTTPStatus() < 500:
			answer.FailedUpdates = append(answer.FailedUpdates, keyUpdateRefused{Key: name, FailedReason: refusal.Message})
		default:
			return answer, fmt.Errorf("change key %d of %d: %w", i+1, len(in.Keys), err)
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
func (s *Server) checkKeyHealth(*route.Call, struct{}) (keyHealth, error) {
	return keyHealth{Key: "healthy"}, nil
}
