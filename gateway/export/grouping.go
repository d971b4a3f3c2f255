package export

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Grouping is what teams stand together by: [ByShape], [Apart], [ByAliasPrefix], or metadata.KEY.
type Grouping string

const (
	// ByShape puts objects together that set the same attributes.
	ByShape Grouping = ""
	// Apart gives each object a resource of its own.
	Apart Grouping = "none"
	// ByAliasPrefix puts teams together whose aliases begin alike.
	ByAliasPrefix Grouping = "alias-prefix"

	byMetadata = "metadata."
	// endOfPrefix are the characters before which a prefix ends.
	endOfPrefix = "-_./ "
)

// ParseGrouping refuses what is no grouping.
func ParseGrouping(text string) (Grouping, error) {
	grouping := Grouping(text)
	if grouping == ByShape || grouping == Apart || grouping == ByAliasPrefix || len(text) > len(byMetadata) && strings.HasPrefix(text, byMetadata) {
		return grouping, nil
	}
	return ByShape, fmt.Errorf("%q is none of alias-prefix, metadata.KEY and none", text)
}

// apply tells objects their groups. What belongs to a team is where the team is; other objects stay as they are.
func (g Grouping) apply(objects []object, teams []api.Team) {
	if g == ByShape {
		return
	}
	groups := map[string]string{}
	for _, team := range teams {
		groups[team.TeamID] = g.of(team)
	}
	for i := range objects {
		o := &objects[i]
		switch {
		case g == Apart:
			o.group = o.id
		case o.team != "":
			o.group = cmp.Or(groups[o.team], "other")
		}
	}
}

func (g Grouping) of(team api.Team) string {
	if key, ok := strings.CutPrefix(string(g), byMetadata); ok {
		return textOf(team.Metadata[key])
	}
	name := team.TeamID
	if team.TeamAlias != nil {
		name = cmp.Or(*team.TeamAlias, name)
	}
	if end := strings.IndexAny(name, endOfPrefix); end > 0 {
		return name[:end]
	}
	return name
}

// textOf is a value of metadata as people write it: a text without its quotes.
func textOf(value json.RawMessage) string {
	var text string
	if json.Unmarshal(value, &text) == nil {
		return text
	}
	return string(value)
}
