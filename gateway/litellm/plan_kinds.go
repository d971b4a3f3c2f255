package litellm

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/client"
)

// byID are objects by what identifies them.
func byID[K comparable, T any](objects []T, id func(T) K) map[K]*T {
	found := make(map[K]*T, len(objects))
	for i := range objects {
		found[id(objects[i])] = &objects[i]
	}
	return found
}

func (p *Plan) models(ctx context.Context, want wanted) error {
	list, err := p.gateway.ListModels(ctx)
	if err != nil {
		return err
	}
	there := byID(list, func(m api.Model) string { return m.ModelID })
	for _, w := range want.models {
		s := step{kind: "models", id: w.id}
		have := there[w.id]
		if have == nil {
			s.make = func(ctx context.Context) (api.Record, error) {
				made, err := p.gateway.CreateModel(ctx, w.id, w.fields)
				return made.Record, err
			}
			p.add(s, nil, api.BudgetState{}, nil, nil)
			continue
		}
		s.make = func(ctx context.Context) (api.Record, error) {
			made, err := p.gateway.UpdateModel(ctx, w.id, w.fields, have.Revision)
			return made.Record, err
		}
		fields := have.ModelFields
		fields.HasAPIKey, fields.APIKeyFingerprint = false, ""
		wanted := w.fields
		if have.HasAPIKey { // which one nobody is told
			wanted.APIKey = nil
		}
		p.add(s, &have.Record, api.BudgetState{}, wanted, fields)
	}
	return nil
}

func (p *Plan) budgets(ctx context.Context, want wanted) error {
	return p.budgetsOf(ctx, "budgets", want.budgets)
}

func (p *Plan) pots(ctx context.Context, want wanted) error {
	return p.budgetsOf(ctx, "pots", want.pots)
}

func (p *Plan) budgetsOf(ctx context.Context, kind string, want []wantedBudget) error {
	list, err := p.gateway.ListBudgets(ctx)
	if err != nil {
		return err
	}
	there := byID(list, func(b api.Budget) string { return b.BudgetID })
	for _, w := range want {
		s := step{kind: kind, id: w.id, spend: w.spend, ends: w.ends}
		if kind == "pots" {
			s.spender = func() client.Spender { return client.Spender{BudgetID: w.id} }
		}
		have := there[w.id]
		if have == nil {
			s.make = func(ctx context.Context) (api.Record, error) {
				made, err := p.gateway.CreateBudget(ctx, w.id, p.scoped(w))
				return made.Record, err
			}
			p.add(s, nil, api.BudgetState{}, nil, nil)
			continue
		}
		s.make = func(ctx context.Context) (api.Record, error) {
			made, err := p.gateway.UpdateBudget(ctx, w.id, p.scoped(w), have.Revision)
			return made.Record, err
		}
		fields := have.BudgetFields
		fields.KeyIDs = slices.Sorted(slices.Values(fields.KeyIDs))
		p.add(s, &have.Record, have.BudgetState, p.scoped(w), fields)
	}
	return nil
}

// scoped is a pot with the ids of the keys that it counts. Those that are not made yet stand there by their digests, so that
// they differ from what is there.
func (p *Plan) scoped(w wantedBudget) api.BudgetFields {
	fields := w.fields
	if w.keys == nil {
		return fields
	}
	fields.KeyIDs = slices.Clone(w.keys)
	for i, digest := range w.keys {
		if id, there := p.ids.Load(digest); there {
			fields.KeyIDs[i] = id.(string) //nolint:forcetypeassert // nothing else is stored
		}
	}
	slices.Sort(fields.KeyIDs)
	return fields
}

func (p *Plan) teams(ctx context.Context, want wanted) error {
	list, err := p.gateway.ListTeams(ctx)
	if err != nil {
		return err
	}
	there := byID(list, func(t api.Team) string { return t.TeamID })
	for _, w := range want.teams {
		s := step{kind: "teams", id: w.id, spend: w.spend, ends: w.ends}
		s.spender = func() client.Spender { return client.Spender{TeamID: w.id} }
		have := there[w.id]
		if have == nil {
			s.make = func(ctx context.Context) (api.Record, error) {
				made, err := p.gateway.CreateTeam(ctx, w.id, w.fields)
				return made.Record, err
			}
			p.add(s, nil, api.BudgetState{}, nil, nil)
			continue
		}
		s.make = func(ctx context.Context) (api.Record, error) {
			made, err := p.gateway.UpdateTeam(ctx, w.id, w.fields, have.Revision)
			return made.Record, err
		}
		p.add(s, &have.Record, have.BudgetState, w.fields, have.TeamFields)
	}
	return nil
}

func (p *Plan) users(ctx context.Context, want wanted) error {
	list, err := p.gateway.ListUsers(ctx)
	if err != nil {
		return err
	}
	there := byID(list, func(u api.User) string { return u.UserID })
	addresses := map[string]string{}
	for _, user := range list {
		addresses[strings.ToLower(deref(user.UserEmail))] = user.UserID
	}
	for _, w := range want.users {
		if id, taken := addresses[strings.ToLower(deref(w.fields.UserEmail))]; taken && w.fields.UserEmail != nil && id != w.id {
			p.Findings.add(Different, fmt.Sprintf("user %s: user_email", w.id), "is the address of user "+id+" here already, and is left out: it is unique")
			w.fields.UserEmail = nil
		}
		s := step{kind: "users", id: w.id, spend: w.spend, ends: w.ends}
		s.spender = func() client.Spender { return client.Spender{UserID: w.id} }
		have := there[w.id]
		if have == nil {
			s.make = func(ctx context.Context) (api.Record, error) {
				made, err := p.gateway.CreateUser(ctx, w.id, w.fields)
				return made.Record, err
			}
			p.add(s, nil, api.BudgetState{}, nil, nil)
			continue
		}
		s.make = func(ctx context.Context) (api.Record, error) {
			made, err := p.gateway.UpdateUser(ctx, w.id, w.fields, have.Revision)
			return made.Record, err
		}
		p.add(s, &have.Record, have.BudgetState, w.fields, have.UserFields)
	}
	return nil
}

func (p *Plan) members(ctx context.Context, want wanted) error {
	list, err := p.gateway.ListMembers(ctx)
	if err != nil {
		return err
	}
	there := byID(list, func(m api.Membership) [2]string { return [2]string{m.TeamID, m.UserID} })
	for _, w := range want.members {
		s := step{kind: "members", id: w.team + "/" + w.user, spend: w.spend, ends: w.ends}
		s.spender = func() client.Spender { return client.Spender{TeamID: w.team, UserID: w.user} }
		have := there[[2]string{w.team, w.user}]
		if have == nil {
			s.make = func(ctx context.Context) (api.Record, error) {
				made, err := p.gateway.AddMember(ctx, w.team, w.user, "", w.fields)
				return made.Record, err
			}
			p.add(s, nil, api.BudgetState{}, nil, nil)
			continue
		}
		s.make = func(ctx context.Context) (api.Record, error) {
			made, err := p.gateway.UpdateMember(ctx, w.team, w.user, w.fields, have.Revision)
			return made.Record, err
		}
		p.add(s, &have.Record, have.BudgetState, w.fields, have.MemberFields)
	}
	return nil
}

// prunable says that an import of the same origin made the key and nobody has changed it since.
func (p *Plan) prunable(key api.Key) bool {
	own := ActorOf(p.options.Origin)
	return key.CreatedBy == own && key.UpdatedBy == own
}

// goneKeys are keys that an import of the same origin made and that are not among those which this one brings: deleted or
// rotated there.
func (p *Plan) goneKeys() {
	brought := map[string]bool{}
	p.ids.Range(func(_, id any) bool {
		brought[id.(string)] = true //nolint:forcetypeassert // nothing else is stored
		return true
	})
	for _, key := range p.listed {
		name := deref(key.KeyAlias) + " " + key.KeyID
		switch {
		case key.CreatedBy != ActorOf(p.options.Origin) || brought[key.KeyID]:
		case p.options.Prune && p.prunable(key):
			p.steps = append(p.steps, step{kind: goneKeys, id: name, verb: verbDelete, make: func(ctx context.Context) (api.Record, error) {
				return key.Record, p.gateway.DeleteKey(ctx, key.KeyID)
			}})
		case !key.Blocked:
			p.Findings.add(Blocking, "key "+name, "was made by an import, is not in LiteLLM any more, and still works here: --prune deletes such keys, unless somebody has changed them")
		}
	}
}

// aliases are those of keys that stay, in lower case, with their ids.
func (p *Plan) aliases(brought map[string]api.Key) map[string]string {
	ids, taken := map[string]bool{}, map[string]string{}
	for _, key := range brought {
		ids[key.KeyID] = true
	}
	for _, key := range p.listed {
		goes := p.options.Prune && p.prunable(key) && !ids[key.KeyID]
		if key.KeyAlias != nil && !goes {
			taken[strings.ToLower(*key.KeyAlias)] = key.KeyID
		}
	}
	return taken
}

// keepUnsaid leaves a key as it is here whose project LiteLLM does not tell of now: to take its own settings alone could unblock
// it, or give it models that its project does not have. What it has spent is brought.
func (p *Plan) keepUnsaid(w wantedKey) {
	s := &p.steps[len(p.steps)-1]
	if w.unsaid == "" || s.verb != verbUpdate {
		return
	}
	s.verb = verbSame
	p.Findings.add(Blocking, fmt.Sprintf("key %s of project %s: %s", w.name(), w.unsaid, strings.Join(s.changed, ", ")),
		"stays as it is here, and only what it has spent is brought: LiteLLM does not tell of its project, which may block it or say its models; its database tells all, --from postgres://…")
}

// refuseKeysOfOthers stops the import of a proxy that was brought under another name: all its objects would be taken for
// shared ones, and all that it has spent would count twice. Its keys tell, as no two proxies make the same.
func (p *Plan) refuseKeysOfOthers(want []wantedKey, there map[string]api.Key) error {
	of, first, several := "", "", 0
	for _, w := range want {
		key, found := there[w.digest]
		origin, imported := originOf(key.CreatedBy)
		if !found || !imported || origin == p.options.Origin {
			continue
		}
		if several++; several == 1 {
			of, first = origin, w.name()
		}
	}
	if several == 0 {
		return nil
	}
	return fmt.Errorf("%d keys, the first of them %s, were brought under --origin %s already, and a key belongs to one proxy: nothing is changed. "+
		"If it is the same proxy, import with --origin %s; to give it another name, take it back first with --rollback --origin %s. "+
		"If both proxies really have a key in common, leave it out of this one with --except-key", several, first, of, of, of)
}

func (p *Plan) keys(ctx context.Context, want wanted) error {
	digests := make([]string, len(want.keys))
	for i, w := range want.keys {
		digests[i] = w.digest
	}
	there, err := p.gateway.KeysByDigest(ctx, digests)
	if err != nil {
		return err
	}
	if err := p.refuseKeysOfOthers(want.keys, there); err != nil {
		return err
	}
	for digest, key := range there {
		p.ids.Store(digest, key.KeyID)
	}
	if p.listed, err = p.gateway.ListKeys(ctx); err != nil {
		return err
	}
	aliases := p.aliases(there)
	for _, w := range want.keys {
		if id, taken := aliases[strings.ToLower(deref(w.fields.KeyAlias))]; taken && id != there[w.digest].KeyID {
			p.Findings.add(Different, fmt.Sprintf("key %s: key_alias", w.name()), "is another key's here already, and is left out: it is unique over all keys")
			w.fields.KeyAlias = nil
		}
		s := step{kind: "keys", id: w.name(), spend: w.spend, ends: w.ends}
		s.spender = func() client.Spender {
			id, _ := p.ids.Load(w.digest)
			return client.Spender{KeyID: id.(string)} //nolint:forcetypeassert // nothing else is stored, and it is made before
		}
		have, found := there[w.digest]
		if !found {
			s.make = func(ctx context.Context) (api.Record, error) {
				made, err := p.gateway.CreateKey(ctx, api.KeyCreate{KeyFields: w.fields, TokenSHA256: &w.digest, KeyName: &w.mask})
				if err == nil {
					p.ids.Store(w.digest, made.KeyID)
				}
				return made.Record, err
			}
			p.add(s, nil, api.BudgetState{}, nil, nil)
			continue
		}
		s.make = func(ctx context.Context) (api.Record, error) {
			made, err := p.gateway.UpdateKey(ctx, have.KeyID, w.fields, have.Revision)
			return made.Record, err
		}
		p.add(s, &have.Record, have.BudgetState, w.fields, have.KeyFields)
		p.keepUnsaid(w)
	}
	return nil
}
