package admin

import (
	"bytes"
	"encoding/json"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/route"
	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// maxPeople is how many people one request may name, as in LiteLLM.
const maxPeople = 500

// person is somebody whom a request puts into a team.
type person struct {
	// Role is "user" or "admin".
	Role string `json:"role" default:"\"user\""`
	// UserID and UserEmail name the user; one of them is enough. Who is not known becomes a user.
	UserID    *string `json:"user_id"`
	UserEmail *string `json:"user_email"`

	surplus []string
}

// UnmarshalJSON implements [json.Unmarshaler].
func (p *person) UnmarshalJSON(data []byte) error {
	fields, err := httpx.ParseObject(data)
	if err != nil {
		return api.Errorf(api.Invalid, `must be {"role": "user", "user_id": …} or a list of such`)
	}
	for field, value := range fields {
		fields[field] = route.Lenient(field, value)
	}
	p.Role = api.MemberUser
	if p.surplus, err = api.Patch(p, fields); err != nil {
		return err
	}
	if p.UserID == nil && p.UserEmail == nil {
		return api.Errorf(api.Invalid, "needs a user_id or a user_email")
	}
	return nil
}

// people are those whom a request puts into a team.
type people []person

// UnmarshalJSON implements [json.Unmarshaler].
func (p *people) UnmarshalJSON(data []byte) error {
	var items []json.RawMessage
	if err := json.Unmarshal(data, &items); err != nil {
		return api.Errorf(api.Invalid, "must be a member or a list of members")
	}
	if len(items) > maxPeople {
		return api.Errorf(api.Invalid, "has %d entries, at most %d are allowed", len(items), maxPeople)
	}
	*p = make(people, len(items))
	for i, item := range items {
		if err := (*p)[i].UnmarshalJSON(item); err != nil {
			return err
		}
	}
	return nil
}

// Surplus are the fields of people that are not known.
func (p people) Surplus() (names []string) {
	for _, person := range p {
		names = append(names, person.surplus...)
	}
	return names
}

// oneOrMore are people, or somebody alone without a list around, as LiteLLM has it.
type oneOrMore people

// UnmarshalJSON implements [json.Unmarshaler].
func (o *oneOrMore) UnmarshalJSON(data []byte) error {
	data = bytes.TrimSpace(data)
	if bytes.HasPrefix(data, []byte("[")) {
		return (*people)(o).UnmarshalJSON(data)
	}
	*o = make(oneOrMore, 1)
	return (*o)[0].UnmarshalJSON(data)
}

// Surplus are the fields of people that are not known.
func (o oneOrMore) Surplus() []string { return people(o).Surplus() }

// AnyJSON implements [openapi.Anything].
func (oneOrMore) AnyJSON() {}

// fields are what is to bind those whom a request puts into a team.
func (l memberLimits) fields() api.MemberFields {
	return api.MemberFields{
		Role: api.MemberUser, MaxBudgetInTeam: l.MaxBudgetInTeam, BudgetDuration: l.BudgetDuration,
		TPMLimit: l.TPMLimit, RPMLimit: l.RPMLimit, TempBudget: l.TempBudget, TempRates: l.TempRates,
	}
}
