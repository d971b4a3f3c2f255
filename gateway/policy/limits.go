package policy

import (
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Scopes of counters. The ledger reads them back, see ledger's package comment.
func teamScope(id string) quota.Scope { return quota.Scope(api.TeamScope(id)) }
func keyScope(id string) quota.Scope  { return quota.Scope(api.KeyScope(id)) }
func potScope(id string) quota.Scope  { return quota.Scope(api.PotScope(id)) }
func userScope(id string) quota.Scope { return quota.Scope(api.UserScope(id)) }

func memberScope(team, user string) quota.Scope { return quota.Scope(api.MemberScope(team, user)) }

// modelled names the counters of one model. "#" stands in no id, so no id can name another's counters.
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

// appendWindow adds a window unless nothing in it is limited: what is not limited need not be counted.
func appendWindow(windows []quota.Window, scope quota.Scope, name string, limits api.RateLimits) []quota.Window {
	if limits.RPMLimit == nil && limits.TPMLimit == nil && limits.MaxParallelRequests == nil {
		return windows
	}
	return append(windows, quota.Window{
		Scope: scope, Name: name,
		RPM: orUnlimited(limits.RPMLimit), TPM: orUnlimited(limits.TPMLimit), Parallel: orUnlimited(limits.MaxParallelRequests),
	})
}

func appendModelWindow(windows []quota.Window, owner quota.Scope, name string, limits api.ModelRateLimits, model string) []quota.Window {
	var bound api.RateLimits
	if rpm, limited := limits.ModelRPMLimit[model]; limited {
		bound.RPMLimit = &rpm
	}
	if tpm, limited := limits.ModelTPMLimit[model]; limited {
		bound.TPMLimit = &tpm
	}
	return appendWindow(windows, modelled(owner, model), name, bound)
}

func orUnlimited(limit *int64) int64 {
	if limit == nil {
		return quota.Unlimited
	}
	return *limit
}
