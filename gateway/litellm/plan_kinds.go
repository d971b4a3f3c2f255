package litellm

import (
	"context"

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
		p.add(s, &have.Record, have.BudgetState, p.scoped(w), have.BudgetFields)
	}
	return nil
}

// scoped is a pot with the id of the key that it counts, as far as that is there.
func (p *Plan) scoped(w wantedBudget) api.BudgetFields {
	fields := w.fields
	if w.key != "" {
		if id, there := p.ids.Load(w.key); there {
			fields.KeyIDs = []string{id.(string)} //nolint:forcetypeassert // nothing else is stored
		}
	}
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
	for _, w := range want.users {
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

// prunable says that an import made the key and nobody has changed it since.
func prunable(key api.Key) bool { return key.CreatedBy == Actor && key.UpdatedBy == Actor }

// goneKeys are keys that an import made and that are not among those which this one brings: deleted or rotated there, or
// another proxy's.
func (p *Plan) goneKeys(ctx context.Context, prune bool) error {
	brought := map[string]bool{}
	p.ids.Range(func(_, id any) bool {
		brought[id.(string)] = true //nolint:forcetypeassert // nothing else is stored
		return true
	})
	list, err := p.gateway.ListKeys(ctx)
	if err != nil {
		return err
	}
	for _, key := range list {
		name := deref(key.KeyAlias) + " " + key.KeyID
		switch {
		case key.CreatedBy != Actor || brought[key.KeyID]:
		case prune && prunable(key):
			p.steps = append(p.steps, step{kind: goneKeys, id: name, verb: verbDelete, make: func(ctx context.Context) (api.Record, error) {
				return key.Record, p.gateway.DeleteKey(ctx, key.KeyID)
			}})
		case !key.Blocked:
			p.Findings.add(Blocking, "key "+name, "was made by an import, is not in LiteLLM any more, and still works here: --prune deletes such keys, unless somebody has changed them")
		}
	}
	return nil
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
	for digest, key := range there {
		p.ids.Store(digest, key.KeyID)
	}
	for _, w := range want.keys {
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
	}
	return nil
}
