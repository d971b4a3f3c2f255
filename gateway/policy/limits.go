package policy

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/modelname"
)

// Scopes of counters. The ledger reads them back, see ledger's package comment.
func teamScope(id string) quota.Scope { return quota.Scope(api.TeamScope(id)) }
func keyScope(id string) quota.Scope  { return quota.Scope(api.KeyScope(id)) }
func potScope(id string) quota.Scope  { return quota.Scope(api.PotScope(id)) }
func userScope(id string) quota.Scope { return quota.Scope(api.UserScope(id)) }

func memberScope(team, user string) quota.Scope { return quota.Scope(api.MemberScope(team, user)) }

// modelled names the counters of one model, pattern or access group. "#" stands in no id, so no id can name another's counters.
func modelled(scope quota.Scope, model string) quota.Scope {
	return scope + quota.Scope("#"+model)
}

// withFallback takes each limit that is not set from the fallback.
func withFallback(limits, fallback api.RateLimits) api.RateLimits {
	if limits.RPMLimit == nil {
		limits.RPMLimit = fallback.RPMLimit
	}
	if limits.TPMLimit == nil {
		limits.TPMLimit = fallback.TPMLimit
	}
	if limits.MaxParallelRequests == nil {
		limits.MaxParallelRequests = fallback.MaxParallelRequests
	}
	return limits
}

// LimitedModel is the model, pattern or access group that the counters of a limit by model are for; "" for others.
func LimitedModel(scope quota.Scope) string {
	_, entry, _ := strings.Cut(string(scope), "#")
	return entry
}

// appendWindow adds a window unless nothing in it is limited: what is not limited need not be counted. from is when it
// begins to refuse.
func appendWindow(windows []quota.Window, scope quota.Scope, name string, limits api.RateLimits, from time.Time) []quota.Window {
	if limits.RPMLimit == nil && limits.TPMLimit == nil && limits.MaxParallelRequests == nil {
		return windows
	}
	return append(windows, quota.Window{
		Scope: scope, Name: name,
		RPM: orUnlimited(limits.RPMLimit), TPM: orUnlimited(limits.TPMLimit), Parallel: orUnlimited(limits.MaxParallelRequests),
		EnforcedFrom: from,
	})
}

// appendModelWindow adds a window for every name, pattern or access group with limits that stands for the model.
func appendModelWindow(windows []quota.Window, owner quota.Scope, name string, limits api.ModelRateLimits, model *modelname.Names, from time.Time) []quota.Window {
	for _, entry := range limitedModels(limits) {
		if !model.BoundBy(entry) {
			continue
		}
		windows = appendWindow(windows, modelled(owner, entry), name, limitsOf(limits, entry), from)
	}
	return windows
}

// limitsOf are the limits that stand under one name, pattern or access group.
func limitsOf(limits api.ModelRateLimits, entry string) (bound api.RateLimits) {
	if rpm, limited := limits.ModelRPMLimit[entry]; limited {
		bound.RPMLimit = &rpm
	}
	if tpm, limited := limits.ModelTPMLimit[entry]; limited {
		bound.TPMLimit = &tpm
	}
	return bound
}

// limitedModels are the names that have limits, in order.
func limitedModels(limits api.ModelRateLimits) []string {
	entries := make([]string, 0, len(limits.ModelRPMLimit)+len(limits.ModelTPMLimit))
	entries = slices.AppendSeq(entries, maps.Keys(limits.ModelRPMLimit))
	entries = slices.AppendSeq(entries, maps.Keys(limits.ModelTPMLimit))
	slices.Sort(entries)
	return slices.Compact(entries)
}

func orUnlimited(limit *int64) int64 {
	if limit == nil {
		return quota.Unlimited
	}
	return *limit
}
