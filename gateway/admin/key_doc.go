package admin

import (
	"github.com/bursarhq/terraform-provider-bursar/gateway/openapi"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// keyUpdate is the body of POST /key/update: what is left out is kept, what is null is cleared.
type keyUpdate struct {
	// Key is the secret, id or alias of the key to change.
	Key string `json:"key" required:"true"`
	// Duration is how long the key lives from now, such as "30d"; nil or "-1" is for ever. Not together with expires.
	Duration string `json:"duration"`
	api.KeyFields
}

// keyNamed is a body that names one key.
type keyNamed struct {
	// Key is the secret, id or alias.
	Key string `json:"key" required:"true"`
}

// keysNamed is a body that names keys.
type keysNamed struct {
	// Keys are secrets, ids or aliases.
	Keys []string `json:"keys"`
	// KeyAliases are aliases.
	KeyAliases []string `json:"key_aliases"`
}

// keyRotation is the body of POST /key/rotate.
type keyRotation struct {
	// Key is the secret, id or alias of the key; the path may name it instead.
	Key string `json:"key"`
	// NewKey is a secret of the caller's own choice; without it one is made.
	NewKey string `json:"new_key"`
	// GracePeriod is how long the old secret works on, such as "24h", at most 90 days; without it, it stops at once.
	GracePeriod string `json:"grace_period"`
}

var rotation = openapi.Operation{
	Tag: "key", Summary: "Give a key a new secret.", Body: keyRotation{}, Answer: api.KeyCreated{},
	Description: "The key keeps its id, limits and spending. The answer is the only one that shows the secret.",
	Errors:      codes(api.NotFound, api.AlreadyExists, api.Conflict),
}

var rotationInPath = func() openapi.Operation {
	operation := rotation
	operation.BodyOptional = true
	return operation
}()

var keyDocs = documentation{
	"POST /key/generate": {
		Tag: "key", Summary: "Make a key.", Body: api.KeyCreate{}, Answer: api.KeyCreated{}, Repeatable: true,
		Description: "The answer is the only one that shows the secret. A key cannot get more than its team has.",
		Errors:      codes(api.AlreadyExists),
	},
	"GET /key/info": {
		Tag: "key", Summary: "Read a key.", Answer: api.KeyInfo{},
		Description: "The key's fields stand at the top level and, as LiteLLM has them, under `info`.",
		Query:       []openapi.Parameter{{Name: "key", Text: "The key's secret, id or alias.", Required: true}},
		Errors:      codes(api.NotFound),
	},
	"GET /key/list": {
		Tag: "key", Summary: "List keys by the page.", Answer: keyList{},
		Query: []openapi.Parameter{
			pageNumber, pageSize("size"), sortBy(keyColumns), sortOrder,
			{Name: "team_id", Text: "Keys of this team."},
			{Name: "user_id", Text: "Keys of this user."},
			{Name: "key_alias", Text: "The key with this alias."},
			{Name: "key_hash", Text: "The key with this id."},
			{Name: "return_full_object", Words: []string{"true", "false", "True", "False"}, Text: "Whole keys instead of their ids."},
		},
	},
	"POST /key/update": {
		Tag: "key", Summary: "Change a key.", Body: keyUpdate{}, Answer: api.KeyInfo{}, Revised: true,
		Description: "What is left out is kept, what is null is cleared; lists and objects are replaced whole.",
		Errors:      codes(api.AlreadyExists),
	},
	"POST /key/delete": {
		Tag: "key", Summary: "Delete keys, all of them or none.", Body: keysNamed{}, Answer: keysDeleted{},
		Errors: codes(api.NotFound, api.Conflict),
	},
	"POST /key/block": {
		Tag: "key", Summary: "Refuse everything that a key asks for.", Body: keyNamed{}, Answer: api.KeyInfo{}, Revised: true,
	},
	"POST /key/unblock": {
		Tag: "key", Summary: "Let a key work again.", Body: keyNamed{}, Answer: api.KeyInfo{}, Revised: true,
	},
	"POST /key/rotate":           rotation,
	"POST /key/regenerate":       rotation,
	"POST /key/{key}/regenerate": rotationInPath,
}
