package admin

import (
	"slices"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/route"
	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/gateway/openapi"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// keyUpdate is the body of POST /key/update: what is left out is kept, what is null is cleared.
type keyUpdate struct {
	// Key is the secret, its SHA-256 or its id of the key to change.
	Key string `json:"key" required:"true"`
	// Duration is how long the key lives from now, such as "30d"; nil or "-1" is for ever. Not together with expires.
	Duration string `json:"duration"`
	api.KeyFields
}

// keyChanges is the body of POST /key/bulk_update.
type keyChanges struct {
	// Keys are up to 500 changes; each is what /key/update takes.
	Keys []keyUpdate `json:"keys" required:"true"`
}

// keysAsked is the body of POST /v2/key/info.
type keysAsked struct {
	// Keys are up to 1000 secrets, their SHA-256 or ids.
	Keys []string `json:"keys" required:"true"`
}

// serviceKeyNew is the body of POST /key/service-account/generate.
type serviceKeyNew struct {
	TeamID string `json:"team_id" required:"true"`
	api.KeyCreate
}

// keyIDList is keyList without return_full_object, keyObjectList with it.
type keyIDList struct {
	Keys []string `json:"keys"`
	keyList
}

type keyObjectList struct {
	Keys []api.Key `json:"keys"`
	keyList
}

// keyNamed is a body that names one key.
type keyNamed struct {
	// Key is the secret, its SHA-256 or its id.
	Key string `json:"key" required:"true"`
}

// keysNamed is a body that names keys.
type keysNamed struct {
	// Keys are secrets, their SHA-256 or ids.
	Keys []string `json:"keys"`
	// KeyAliases are aliases.
	KeyAliases []string `json:"key_aliases"`
}

// keyRotation is the body of POST /key/rotate.
type keyRotation struct {
	// Key is the secret, its SHA-256 or its id of the key; the path may name it instead.
	Key string `json:"key"`
	// NewKey is a secret of the caller's own choice; without it one is made.
	NewKey string `json:"new_key"`
	// GracePeriod is how long the old secret works on, such as "24h", at most 90 days; without it, it stops at once.
	GracePeriod string `json:"grace_period"`
}

// rotation is what there is to say of the routes that give a key a new secret.
func (s *Server) rotation() route.Spec {
	return route.Spec{
		Tag: "key", Summary: "Give a key a new secret.", Body: keyRotation{}, Answer: api.KeyCreated{}, Repeatable: true,
		Description: "The key keeps its id, limits and spending. The answer is the only one that shows the secret.",
		Errors:      route.Codes(api.NotFound, api.AlreadyExists, api.Conflict), Scope: s.keyInBody,
	}
}

// keyRoutes are the operations on keys.
func (s *Server) keyRoutes() []route.Route {
	rotationInPath := s.rotation()
	rotationInPath.BodyOptional = true
	return []route.Route{
		route.Raw("POST /key/generate", auth.TeamWrite, s.generateKey, route.Spec{
			Tag: "key", Summary: "Make a key.", Body: api.KeyCreate{}, Answer: api.KeyCreated{}, Repeatable: true,
			Description: "The answer is the only one that shows the secret. A key cannot get more than its team has.",
			Errors:      route.Codes(api.AlreadyExists),
			Scope:       s.newKeyInBody, Rehearsed: true,
		}),
		route.Raw("POST /key/service-account/generate", auth.TeamWrite, s.generateServiceKey, route.Spec{
			Tag: "key", Summary: "Make a key of a team that belongs to no user.", Body: serviceKeyNew{}, Answer: api.KeyCreated{},
			Description: "The answer is the only one that shows the secret. `user_id` is left out of account.",
			Repeatable:  true, Errors: route.Codes(api.AlreadyExists),
			Scope: s.newKeyInBody,
		}),
		route.Raw("GET /key/info", auth.TeamRead, s.keyInfo, route.Spec{
			Tag: "key", Summary: "Read a key.", Answer: api.KeyInfo{},
			Description: "The key's fields stand at the top level and, as LiteLLM has them, under `info`.",
			Query:       []openapi.Parameter{{Name: "key", Text: "The key's secret, its SHA-256 or its id; left out it is the key that the request carries."}},
			Errors:      route.Codes(api.NotFound),
			Scope:       s.keyInQuery,
		}),
		route.Raw("POST /v2/key/info", auth.TeamRead, s.keysInfo, route.Spec{
			Tag: "key", Summary: "Read several keys, in the order asked.", Body: keysAsked{}, Answer: keysFound{},
			Description: "Keys that are not there are left out.",
			Scope:       s.keysInBody,
		}),
		route.Raw("GET /key/list", auth.TeamRead, s.listKeys, route.Spec{
			Tag: "key", Summary: "List keys by the page.", Answer: openapi.Either{keyIDList{}, keyObjectList{}},
			Query: []openapi.Parameter{
				route.PageNumber, route.PageSize("size"), route.CursorAfter, route.SortBy(keyColumns),
				{Name: "sort_order", Words: []string{"asc", "desc"}, Text: "Descending unless said otherwise."},
				{Name: "team_id", Text: "Keys of this team."},
				{Name: "user_id", Text: "Keys of this user."},
				{Name: "key_alias", Text: "The key with this alias."},
				{Name: "key_hash", Text: "The key with this id."},
				{Name: "status", Words: append(slices.Clone(api.KeyStatuses), "deleted"), Text: "`deleted` selects none: deleted keys are in the audit log only."},
				{Name: "organization_id", Text: "`default_organization` selects every key, any other none: there are no organizations."},
				{Name: "return_full_object", Words: route.FlagWords, Text: "Whole keys instead of their ids."},
				{Name: "expand", Text: "Anything asks for whole keys, as LiteLLM has it."},
				{Name: "include_team_keys", Words: route.FlagWords, Text: "Changes nothing: an admin sees every key."},
				{Name: "include_created_by_keys", Words: route.FlagWords, Text: "Changes nothing: an admin sees every key."},
			},
			Scope: route.Filtered,
		}),
		route.Raw("GET /key/aliases", auth.Read, s.listKeyAliases, route.Spec{
			Tag: "key", Summary: "List the aliases of keys, in order.", Answer: keyAliases{},
			Query: []openapi.Parameter{
				route.PageNumber,
				{Name: "size", Kind: "integer", Default: maxAliases, Text: "How many on a page, at most 10000."},
				{Name: "search", Text: "Aliases with this in them, upper and lower case being the same."},
				{Name: "team_id", Text: "Aliases of this team's keys."},
			},
		}),
		route.Raw("POST /key/health", auth.TeamRead, s.checkKeyHealth, route.Spec{
			Tag: "key", Summary: "Say that the key which the request carries works.", Body: struct{}{}, BodyOptional: true, Answer: keyHealth{},
			Scope: route.Filtered,
		}),
		route.Raw("POST /key/update", auth.TeamWrite, s.updateKey, route.Spec{
			Tag: "key", Summary: "Change a key.", Body: keyUpdate{}, Answer: api.KeyInfo{}, Revised: true,
			Description: "What is left out is kept, what is null is cleared; lists and objects are replaced whole.",
			Errors:      route.Codes(api.AlreadyExists),
			Scope:       s.changedKeyInBody, Rehearsed: true,
		}),
		route.Raw("POST /key/bulk_update", auth.Write, s.bulkUpdateKeys, route.Spec{
			Tag: "key", Summary: "Change several keys, each for itself.", Body: keyChanges{}, Answer: keysUpdated{},
			Description: "An entry that is refused is answered under `failed_updates` and does not keep the others from being made.",
		}),
		route.Raw("POST /key/delete", auth.TeamWrite, s.deleteKeys, route.Spec{
			Tag: "key", Summary: "Delete keys, all of them or none.", Body: keysNamed{}, Answer: keysDeleted{},
			Errors: route.Codes(api.NotFound, api.Conflict),
			Scope:  s.keysInBody, Rehearsed: true,
		}),
		route.Raw("POST /key/block", auth.TeamWrite, s.blockKey, route.Spec{
			Tag: "key", Summary: "Refuse everything that a key asks for.", Body: keyNamed{}, Answer: api.KeyInfo{}, Revised: true,
			Scope: s.keyInBody, Rehearsed: true,
		}),
		route.Raw("POST /key/unblock", auth.TeamWrite, s.unblockKey, route.Spec{
			Tag: "key", Summary: "Let a key work again.", Body: keyNamed{}, Answer: api.KeyInfo{}, Revised: true,
			Scope: s.keyInBody, Rehearsed: true,
		}),
		route.Raw("POST /key/rotate", auth.TeamWrite, s.rotateKey, s.rotation()),
		route.Raw("POST /key/regenerate", auth.TeamWrite, s.rotateKey, s.rotation()),
		route.Raw("POST /key/{key}/regenerate", auth.TeamWrite, s.rotateKey, rotationInPath),
	}
}
