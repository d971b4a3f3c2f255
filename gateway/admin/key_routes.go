package admin

import (
	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/route"
	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/gateway/openapi"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// keyCreate is the body of POST /key/generate: a key's fields and what only its making needs.
type keyCreate struct {
	route.Fields[api.KeyFields]
	// Key is a secret of the caller's own choice; empty lets the gateway make one.
	Key string `json:"key"`
	// TokenSHA256 is the SHA-256 of a secret that somebody has already, in hexadecimal, as LiteLLM keeps it: the secret opens
	// this key then. For admins only, and not together with key.
	TokenSHA256 string `json:"token_sha256"`
	// KeyName is what lists show of that secret, "sk-..." and its last characters. It is left out of account without token_sha256.
	KeyName string `json:"key_name"`
	// Duration is how long the key lives, such as "30d"; nil or "-1" is for ever. Not together with expires.
	Duration lifetime `json:"duration"`
}

// keyUpdate is the body of POST /key/update: what is left out is kept, what is null is cleared.
type keyUpdate struct {
	// Key is the secret, its SHA-256 or its id of the key to change.
	Key string `json:"key" required:"true"`
	// Duration is how long the key lives from now, such as "30d"; nil or "-1" is for ever. Not together with expires.
	Duration lifetime `json:"duration"`
	route.Fields[api.KeyFields]
}

// keyChanges is the body of POST /key/bulk_update.
type keyChanges struct {
	// Keys are up to 500 changes; each is what /key/update takes.
	Keys route.Each[keyUpdate] `json:"keys" required:"a list of changes"`
}

// keysAsked is the body of POST /v2/key/info.
type keysAsked struct {
	// Keys are up to 1000 secrets, their SHA-256 or ids.
	Keys route.IDs `json:"keys" required:"a list of keys"`
}

// serviceKeyNew is the body of POST /key/service-account/generate.
type serviceKeyNew struct {
	TeamID string `json:"team_id" required:"a service account's key belongs to a team"`
	keyCreate
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

// keyAsked names a key in the address.
type keyAsked struct {
	// The key's secret, its SHA-256 or its id; left out it is the key that the request carries.
	Key string `query:"key"`
}

// keysNamed is a body that names keys.
type keysNamed struct {
	// Keys are secrets, their SHA-256 or ids.
	Keys route.IDs `json:"keys"`
	// KeyAliases are aliases.
	KeyAliases route.IDs `json:"key_aliases"`
}

// keyRotation is the body of POST /key/rotate.
type keyRotation struct {
	InPath string `path:"key"`
	// Key is the secret, its SHA-256 or its id of the key; the path may name it instead.
	Key string `json:"key"`
	// NewKey is a secret of the caller's own choice; without it one is made.
	NewKey string `json:"new_key"`
	// GracePeriod is how long the old secret works on, such as "24h", at most 90 days; without it, it stops at once.
	GracePeriod string `json:"grace_period"`
}

// keysWanted is a page of the keys that are selected.
type keysWanted struct {
	Order keyOrder
	// Keys of this team.
	TeamID string `query:"team_id"`
	// Keys of this user.
	UserID string `query:"user_id"`
	// The key with this alias.
	KeyAlias string `query:"key_alias"`
	// The key with this id.
	KeyHash string `query:"key_hash"`
	// `deleted` selects none: deleted keys are in the audit log only.
	Status string `query:"status" enum:"active,blocked,expired,deleted"`
	// `default_organization` selects every key, any other none: there are no organizations.
	OrganizationID string `query:"organization_id"`
	// Whole keys instead of their ids.
	ReturnFullObject bool `query:"return_full_object" enum:"true,false,True,False"`
	// Anything asks for whole keys, as LiteLLM has it.
	Expand string `query:"expand"`
	// Changes nothing: an admin sees every key.
	IncludeTeamKeys string `query:"include_team_keys" enum:"true,false,True,False"`
	// Changes nothing: an admin sees every key.
	IncludeCreatedByKeys string `query:"include_created_by_keys" enum:"true,false,True,False"`
}

// keyOrder is a page of keys in an order.
type keyOrder struct{ route.Page }

// ReadQuery reads the page from the address. LiteLLM lists keys descending, whatever they are sorted by.
func (o *keyOrder) ReadQuery(c *route.Call) (err error) {
	o.Page, err = c.Page("size", keyColumns)
	o.Order.Desc = o.Order.Desc || c.Query.Get("sort_order") == ""
	return err
}

// Parameters implements [openapi.Asking].
func (*keyOrder) Parameters() []openapi.Parameter {
	order := route.SortOrder
	order.Text = "Descending unless said otherwise."
	return []openapi.Parameter{route.PageNumber, route.PageSize("size"), route.CursorAfter, route.SortBy(keyColumns), order}
}

// aliasesWanted is a page of the aliases that are selected.
type aliasesWanted struct {
	Place aliasPage
	// Aliases with this in them, upper and lower case being the same.
	Search string `query:"search"`
	// Aliases of this team's keys.
	TeamID string `query:"team_id"`
}

// aliasPage is which aliases are answered, and how many.
type aliasPage struct{ Number, Size int }

// ReadQuery reads the page from the address.
func (p *aliasPage) ReadQuery(c *route.Call) (err error) {
	if p.Number, err = c.Number("page", 1, route.MaxPageNumber); err != nil {
		return err
	}
	p.Size, err = c.Number("size", maxAliases, maxAliases)
	return err
}

// Parameters implements [openapi.Asking].
func (*aliasPage) Parameters() []openapi.Parameter {
	return []openapi.Parameter{
		route.PageNumber, {Name: "size", Kind: "integer", Default: maxAliases, Text: "How many on a page, at most 10000."},
	}
}

// rotation is what there is to say of the routes that give a key a new secret.
func (s *Server) rotation() route.Spec {
	return route.Spec{
		Tag: "key", Summary: "Give a key a new secret.", Repeatable: true,
		Description: "The key keeps its id, limits and spending. The answer is the only one that shows the secret.",
		Errors:      route.Codes(api.NotFound, api.AlreadyExists, api.Conflict), Scope: s.keyInBody,
	}
}

// keyRoutes are the operations on keys.
func (s *Server) keyRoutes() []route.Route {
	rotationInPath := s.rotation()
	rotationInPath.BodyOptional = true
	return []route.Route{
		route.New("POST /key/generate", auth.TeamWrite, s.generateKey, route.Spec{
			Tag: "key", Summary: "Make a key.", Repeatable: true,
			Description: "The answer is the only one that shows the secret. A key cannot get more than its team has.",
			Errors:      route.Codes(api.AlreadyExists),
			Scope:       s.newKeyInBody, Rehearsed: true,
		}),
		route.New("POST /key/service-account/generate", auth.TeamWrite, s.generateServiceKey, route.Spec{
			Tag: "key", Summary: "Make a key of a team that belongs to no user.",
			Description: "The answer is the only one that shows the secret. `user_id` is left out of account.",
			Repeatable:  true, Errors: route.Codes(api.AlreadyExists),
			Scope: s.newKeyInBody,
		}),
		route.New("GET /key/info", auth.TeamRead, s.keyInfo, route.Spec{
			Tag: "key", Summary: "Read a key.",
			Description: "The key's fields stand at the top level and, as LiteLLM has them, under `info`.",
			Errors:      route.Codes(api.NotFound),
			Scope:       s.keyInQuery,
		}),
		route.New("POST /v2/key/info", auth.TeamRead, s.keysInfo, route.Spec{
			Tag: "key", Summary: "Read several keys, in the order asked.",
			Description: "Keys that are not there are left out.",
			Scope:       s.keysInBody,
		}),
		route.New("GET /key/list", auth.TeamRead, s.listKeys, route.Spec{
			Tag: "key", Summary: "List keys by the page.", Answer: openapi.Either{keyIDList{}, keyObjectList{}},
			Scope: route.Filtered,
		}),
		route.New("GET /key/aliases", auth.Read, s.listKeyAliases, route.Spec{
			Tag: "key", Summary: "List the aliases of keys, in order.",
		}),
		route.New("POST /key/health", auth.TeamRead, s.checkKeyHealth, route.Spec{
			Tag: "key", Summary: "Say that the key which the request carries works.", BodyOptional: true,
			Scope: route.Filtered,
		}),
		route.New("POST /key/update", auth.TeamWrite, s.updateKey, route.Spec{
			Tag: "key", Summary: "Change a key.", Revised: true,
			Description: "What is left out is kept, what is null is cleared; lists and objects are replaced whole.",
			Errors:      route.Codes(api.AlreadyExists),
			Scope:       s.changedKeyInBody, Rehearsed: true,
		}),
		route.New("POST /key/bulk_update", auth.Write, s.bulkUpdateKeys, route.Spec{
			Tag: "key", Summary: "Change several keys, each for itself.",
			Description: "An entry that is refused is answered under `failed_updates` and does not keep the others from being made.",
		}),
		route.New("POST /key/delete", auth.TeamWrite, s.deleteKeys, route.Spec{
			Tag: "key", Summary: "Delete keys, all of them or none.",
			Errors: route.Codes(api.NotFound, api.Conflict),
			Scope:  s.keysInBody, Rehearsed: true,
		}),
		route.New("POST /key/block", auth.TeamWrite, s.blockKey, route.Spec{
			Tag: "key", Summary: "Refuse everything that a key asks for.", Revised: true,
			Scope: s.keyInBody, Rehearsed: true,
		}),
		route.New("POST /key/unblock", auth.TeamWrite, s.unblockKey, route.Spec{
			Tag: "key", Summary: "Let a key work again.", Revised: true,
			Scope: s.keyInBody, Rehearsed: true,
		}),
		route.New("POST /key/rotate", auth.TeamWrite, s.rotateKey, s.rotation()),
		route.New("POST /key/regenerate", auth.TeamWrite, s.rotateKey, s.rotation()),
		route.New("POST /key/{key}/regenerate", auth.TeamWrite, s.rotateKey, rotationInPath),
	}
}
