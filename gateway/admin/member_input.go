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
}

// readPeople takes one person or a list of them out of the input; nil when left out or null.
func readPeople(in *route.Input, name string) ([]person, error) {
	value := bytes.TrimSpace(in.Take(name))
	if string(value) == "null" {
		return nil, nil
	}
	list := []json.RawMessage{value}
	if bytes.HasPrefix(value, []byte("[")) {
		if err := json.Unmarshal(value, &list); err != nil {
			return nil, api.FieldErrorf(name, "must be a member or a list of members")
		}
	}
	if len(list) > maxPeople {
		return nil, api.FieldErrorf(name, "has %d entries, at most %d are allowed", len(list), maxPeople)
	}
	people := make([]person, len(list))
	for i, item := range list {
		if err := readPerson(in, name, item, &people[i]); err != nil {
			return nil, err
		}
	}
	return people, nil
}

// readLimits reads what is to bind those whom a request puts into a team.
func readLimits(in *route.Input) (api.MemberFields, error) {
	var given memberLimits
	err := in.Expect(&given)
	return api.MemberFields{
		Role: api.MemberUser, MaxBudgetInTeam: given.MaxBudgetInTeam, BudgetDuration: given.BudgetDuration,
		TPMLimit: given.TPMLimit, RPMLimit: given.RPMLimit,
	}, err
}

func readPerson(in *route.Input, name string, value json.RawMessage, target *person) error {
	fields, err := httpx.ParseObject(value)
	if err != nil {
		return api.FieldErrorf(name, `must be {"role": "user", "user_id": …} or a list of such`)
	}
	for field, value := range fields {
		fields[field] = route.Lenient(field, value)
	}
	target.Role = api.MemberUser
	unknown, err := api.Patch(target, fields)
	if err != nil {
		return err
	}
	for _, field := range unknown {
		in.Surplus = append(in.Surplus, name+"."+field)
	}
	if target.UserID == nil && target.UserEmail == nil {
		return api.FieldErrorf(name, "needs a user_id or a user_email")
	}
	return nil
}
