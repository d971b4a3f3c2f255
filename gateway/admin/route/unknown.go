package route

import (
	"encoding/json"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/gateway/openapi"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// nested are the fields that are objects with known fields of their own.
var nested = withTargets(map[string][]string{
	"on_soft_limit": {"reduce_rpm_pct"},
	"price": {
		"from", "max_factor",
		"input_per_million_usd", "output_per_million_usd", "cached_input_per_million_usd", "cache_write_per_million_usd",
		"cache_write_1h_per_million_usd", "audio_input_per_million_usd", "image_input_per_million_usd",
		"reasoning_per_million_usd", "audio_output_per_million_usd", "image_output_per_million_usd",
		"request_usd", "characters_per_million_usd", "audio_hour_usd",
		"tiers", "flex", "priority", "batch", "images", "search",
	},
})

// withTargets adds those of every target of an alert route.
func withTargets(fields map[string][]string) map[string][]string {
	for _, target := range openapi.Fields(reflect.TypeFor[api.AlertTargets]()) {
		for _, field := range openapi.Fields(target.Type.Elem()) {
			fields[target.Name] = append(fields[target.Name], field.Name)
		}
	}
	return fields
}

// Expect checks that every field left fits target, a pointer to a struct, and notes those that target
// does not have. In strict mode these are refused. Handlers without such fields expect nothing: &struct{}{}.
func (in *Input) Expect(target any) error {
	if err := in.RefuseEmpty(slices.Sorted(maps.Keys(in.Fields))...); err != nil {
		return err
	}
	surplus := append(in.Surplus, in.pruneNested()...)
	unknown, err := api.Patch(target, in.Fields)
	if err != nil {
		return err
	}
	if err := in.refuseReplaced(unknown); err != nil {
		return err
	}
	for _, name := range surplus {
		if object, _, _ := strings.Cut(name, "."); !slices.Contains(unknown, object) {
			unknown = append(unknown, name)
		}
	}
	in.Unknown = unknown
	if in.Strict && len(unknown) > 0 {
		return &api.Error{
			Code: api.Invalid, Param: unknown[0],
			Message: "unknown fields, refused because of strict=true: " + nameList(unknown),
		}
	}
	return nil
}

// pruneNested takes unknown fields out of nested objects and returns their names: package json
// would take "URL" for "url".
func (in *Input) pruneNested() []string {
	var surplus []string
	for _, name := range slices.Sorted(maps.Keys(nested)) {
		var inner map[string]json.RawMessage
		if json.Unmarshal(in.Fields[name], &inner) != nil || inner == nil {
			continue // not an object: for the target to refuse
		}
		for _, field := range slices.Sorted(maps.Keys(inner)) {
			if !slices.Contains(nested[name], field) {
				surplus = append(surplus, name+"."+field)
				delete(inner, field)
			}
		}
		if pruned, err := json.Marshal(inner); err == nil {
			in.Fields[name] = pruned
		}
	}
	return surplus
}

var plainName = regexp.MustCompile(`^\??[A-Za-z0-9_.-]{1,64}$`)

// nameList writes names of the caller's so that they fit into a header.
func nameList(names []string) string {
	const most = 50
	shown := make([]string, 0, len(names))
	for _, name := range names[:min(len(names), most)] {
		if !plainName.MatchString(name) {
			name = strconv.QuoteToASCII(name[:min(len(name), 64)])
		}
		shown = append(shown, name)
	}
	if len(names) > most {
		shown = append(shown, "and "+strconv.Itoa(len(names)-most)+" more")
	}
	return strings.Join(shown, ", ")
}
