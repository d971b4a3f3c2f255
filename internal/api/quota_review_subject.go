package api

import (
	"encoding/json"
	"slices"
	"strings"
)

// What was approved is found by subject, so that a change need not be compared with thousands of others. A change may be
// allowed by an approved one only if they have a subject in common.

// Subjects are whom or what an approved change is about, by everything that a made change may know of it.
func (c ApprovedChange) Subjects() []string {
	team, mail := c.Identity["team_id"], strings.ToLower(c.Identity["user_email"])
	subjects := []string{}
	if id, known := wholeID(c.Noun, c.Identity); known {
		subjects = append(subjects, id)
	}
	if c.Noun == "member" && mail != "" && team != "" {
		subjects = append(subjects, subjectOf("member", team, "@"+mail))
	}
	if len(subjects) == 0 {
		subjects = append(subjects, newcomer("new", c.Noun, c.name()))
	}
	if c.Noun == "member" && c.Action == ChangeCreate {
		subjects = append(subjects, person(c.Identity["user_id"], mail)...)
	}
	return subjects
}

// Subjects are whom or what a change is about, and those with whom it may come or go.
func (m MadeChange) Subjects() []string {
	before := leavesOf(m.Before)
	subjects := []string{}
	if id, known := wholeID(m.Noun, m.Identity); known {
		subjects = append(subjects, id)
	}
	mail := strings.ToLower(m.Identity["user_email"])
	if m.Noun == "member" && mail != "" {
		subjects = append(subjects, subjectOf("member", m.Identity["team_id"], "@"+mail))
	}
	if m.Action == ChangeCreate { // the approved plan may not have known the id, nor the name
		subjects = append(subjects, newcomer("new", m.Noun, m.name()), newcomer("new", m.Noun, ""))
	}
	if m.Noun == "user" && m.Action == ChangeCreate {
		text, _ := leavesOf(m.After).at("user_email").(string)
		subjects = append(append(subjects, person(m.Identity["user_id"], strings.ToLower(text))...), person("", "")...)
	}
	if team, ok := before.at("team_id").(string); ok && m.Action == ChangeDelete {
		subjects = append(subjects, subjectOf("team", team))
		if user, ok := before.at("user_id").(string); ok {
			subjects = append(subjects, subjectOf("member", team, user))
		}
	}
	slices.Sort(subjects)
	return slices.Compact(subjects)
}

// nameOf are the fields by which people tell objects apart whose ids the gateway makes.
var nameOf = map[string]string{"team": "team_alias", "key": "key_alias", "model": "name", "alert_route": "name"}

// person are the subjects of who comes with being made a member, by what is known of them.
func person(id, mail string) []string {
	switch {
	case id != "" && mail != "":
		return []string{subjectOf("person", id), subjectOf("person", "@"+mail)}
	case mail != "":
		return []string{subjectOf("person", "@"+mail)}
	default:
		return []string{subjectOf("person", id)}
	}
}

// newcomer is the subject of a new object whose id is not known, by its name.
func newcomer(kind, noun, name string) string { return subjectOf(kind, noun, name) }

// name is what people call a new object, "" where that is not known: of a member, its address.
func (c ApprovedChange) name() string {
	if c.Noun == "member" {
		return strings.ToLower(c.Identity["user_email"])
	}
	name, _ := leavesOf(c.After).at(nameOf[c.Noun]).(string)
	if within(c.Open, nameOf[c.Noun]) {
		return ""
	}
	return name
}

func (m MadeChange) name() string {
	return ApprovedChange{Noun: m.Noun, Identity: m.Identity, After: m.After}.name()
}

func wholeID(noun string, identity map[string]string) (subject string, known bool) {
	parts := []string{noun}
	for _, name := range ownIDs[noun] {
		id := identity[name]
		if id == "" {
			return "", false
		}
		parts = append(parts, id)
	}
	return subjectOf(parts...), true
}

// subjectOf joins the parts so that no two lists of parts read the same.
func subjectOf(parts ...string) string {
	encoded, err := json.Marshal(parts)
	if err != nil {
		return "" // texts can be written
	}
	return string(encoded)
}

// Approvals are the changes of a review, found by their subjects.
type Approvals struct {
	review QuotaReview
	places map[string][]int
}

// NewApprovals makes the changes of a review quick to find.
func NewApprovals(review QuotaReview) Approvals {
	all := Approvals{review: review, places: map[string][]int{}}
	for i, change := range review.Changes {
		subjects := change.Subjects()
		if change.Action == ChangeCreate {
			subjects = append(subjects, newcomer("any", change.Noun, change.name()))
		}
		for _, subject := range subjects {
			all.places[subject] = append(all.places[subject], i)
		}
	}
	return all
}

// Allow is nil when the review allows a change, else what [MadeChange.Approved] says.
func (a Approvals) Allow(m MadeChange) error {
	_, err := m.Approved(a.concerning(m))
	return err
}

// concerning is the review with the changes that have a subject in common with a planned or made one.
func (a Approvals) concerning(m MadeChange) QuotaReview {
	subjects := m.Subjects()
	if _, known := wholeID(m.Noun, m.Identity); !known && m.Action == ChangeCreate {
		name := m.name()
		if name == "" {
			return a.review // nothing to find it by
		}
		subjects = append(subjects, newcomer("any", m.Noun, name), newcomer("any", m.Noun, ""))
	}
	places := []int{}
	for _, subject := range subjects {
		places = append(places, a.places[subject]...)
	}
	slices.Sort(places)
	concerned := a.review
	concerned.Changes = nil
	for _, place := range slices.Compact(places) {
		concerned.Changes = append(concerned.Changes, a.review.Changes[place])
	}
	return concerned
}
