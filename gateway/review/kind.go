package review

import (
	"maps"
	"slices"
	"strings"
)

// kind is a type of resource that holds quotas.
type kind struct {
	resource string
	noun     string
	// id is the attribute that names the object on the gateway.
	id         string
	attributes []attribute
	// without are the attributes that change nothing for anybody, each with the reason.
	without map[string]string
	// route is how the admin API's routes begin that a plan is rehearsed by, and rehearsed the attributes that they take
	// under the same names; empty is that it is not asked about.
	route     string
	rehearsed []string
	// deleted, replaced and bare say what that means for people; bare is a new one without limits.
	deleted  string
	replaced string
	bare     string
	// gone, anew and born say why a deletion, a replacement or a new one needs approval; empty is that it does not.
	gone, anew, born string
}

// kinds in the order of the summary.
var kinds = []*kind{teamKind, memberKind, userKind, keyKind, budgetKind, modelKind, alertRouteKind, adminKeyKind}

// everywhere are the attributes without effect that each resource may have.
var everywhere = map[string]string{
	"timeouts": "says how long Terraform waits for the gateway",
}

func kindOf(resource string) *kind {
	for _, kind := range kinds {
		if kind.resource == resource {
			return kind
		}
	}
	return nil
}

// judge finds the attribute that a path belongs to, or the reason why it has no effect.
func (k *kind) judge(path string) (attribute *attribute, reason string) {
	for i := range k.attributes {
		a := &k.attributes[i]
		if a.path == path || strings.HasPrefix(a.path, path+".") || (a.within && strings.HasPrefix(path, a.path+".")) {
			return a, ""
		}
	}
	top, _, _ := strings.Cut(path, ".")
	for _, reasons := range []map[string]string{k.without, everywhere} {
		for _, name := range []string{path, top} {
			if reason := reasons[name]; reason != "" {
				return nil, reason
			}
		}
	}
	return nil, ""
}

// Unjudged is an attribute that a review passes over, with the reason.
type Unjudged struct{ Resource, Path, Reason string }

// NoEffect lists the attributes that change nothing for anybody, by resource and path.
// Those of every resource have none.
func NoEffect() []Unjudged {
	var all []Unjudged
	for _, path := range slices.Sorted(maps.Keys(everywhere)) {
		all = append(all, Unjudged{Path: path, Reason: everywhere[path]})
	}
	for _, kind := range kinds {
		for _, path := range slices.Sorted(maps.Keys(kind.without)) {
			all = append(all, Unjudged{kind.resource, path, kind.without[path]})
		}
	}
	return all
}

// Judges says whether a review knows what an attribute of a resource or action does: because it tells of its changes, or
// because these have no effect for a reason that [NoEffect] gives. The path has dots for nested attributes.
func Judges(resource, path string) bool {
	if action := actionKindOf(resource); action != nil {
		return slices.Contains(action.arguments, path)
	}
	kind := kindOf(resource)
	if kind == nil {
		return false
	}
	attribute, reason := kind.judge(path)
	return attribute != nil || reason != ""
}

func join(lists ...[]attribute) []attribute {
	var all []attribute
	for _, list := range lists {
		all = append(all, list...)
	}
	return all
}

// Judged lists the attributes that a review tells of, each as resource and path.
func Judged() []string {
	var all []string
	for _, kind := range kinds {
		for _, attribute := range kind.attributes {
			all = append(all, kind.resource+"."+attribute.path)
		}
	}
	return all
}
