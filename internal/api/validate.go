package api

import (
	"encoding/json"
	"errors"
	"math"
	"regexp"
	"slices"
	"sort"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

const (
	maxIDLen       = 255
	maxListLen     = 10_000
	maxMetadataLen = 64 << 10
	maxRate        = int64(1) << 52
)

// idPattern keeps ids printable and safe in URLs, logs and counter keys.
var idPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._@+:/|=-]*$`)

// validation collects the first failure of each field; later checks may go on as if nothing happened.
type validation struct{ failures []*Error }

func newValidation() *validation { return &validation{} }

func (v *validation) fail(field, format string, args ...any) {
	known := slices.ContainsFunc(v.failures, func(failure *Error) bool { return failure.Param == field })
	if !known {
		v.failures = append(v.failures, FieldErrorf(field, format, args...))
	}
}

func (v *validation) err() error {
	if len(v.failures) == 0 {
		return nil
	}
	first := v.failures[0]
	first.others = v.failures[1:]
	return first
}

// Mistakes are all that a Validate has found, of which its error tells the first.
func Mistakes(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []error
		for _, one := range joined.Unwrap() {
			all = append(all, Mistakes(one)...)
		}
		return all
	}
	if err == nil {
		return nil
	}
	all := []error{err}
	if first, ok := errors.AsType[*Error](err); ok {
		for _, other := range first.others {
			all = append(all, other)
		}
	}
	return all
}

func (v *validation) id(field, value string) {
	switch {
	case value == "":
		v.fail(field, "is required")
	case len(value) > maxIDLen:
		v.fail(field, "is %d characters long, at most %d are allowed", len(value), maxIDLen)
	case !idPattern.MatchString(value):
		v.fail(field, "must start with a letter or digit and hold only letters, digits and . _ @ + : / | = -")
	}
}

func (v *validation) optionalID(field string, value *string) {
	if value == nil {
		return
	}
	if *value == "" {
		v.fail(field, "is empty; leave it out, or null, for none")
	}
	v.id(field, *value)
}

func (v *validation) alias(field string, value *string) {
	if value != nil && len(*value) > maxIDLen {
		v.fail(field, "is %d characters long, at most %d are allowed", len(*value), maxIDLen)
	}
}

func (v *validation) names(field string, list []string) {
	if len(list) > maxListLen {
		v.fail(field, "has %d entries, at most %d are allowed", len(list), maxListLen)
	}
	seen := make(map[string]bool, len(list))
	for _, name := range list {
		if name == "" || len(name) > maxIDLen {
			v.fail(field, "holds an entry that is empty or longer than %d characters", maxIDLen)
		}
		if seen[name] {
			v.fail(field, "names %q twice", name)
		}
		seen[name] = true
	}
}

func (v *validation) rate(field string, limit *int64) {
	if limit == nil {
		return
	}
	if *limit < 0 {
		v.fail(field, "cannot be negative. Received: %d", *limit)
	}
	if *limit > maxRate {
		v.fail(field, "is larger than %d", maxRate)
	}
}

func (v *validation) rateLimits(l RateLimits) {
	v.rate("rpm_limit", l.RPMLimit)
	v.rate("tpm_limit", l.TPMLimit)
	v.rate("max_parallel_requests", l.MaxParallelRequests)
}

func (v *validation) modelRateLimits(l ModelRateLimits) {
	v.rateMap("model_rpm_limit", l.ModelRPMLimit)
	v.rateMap("model_tpm_limit", l.ModelTPMLimit)
}

func (v *validation) rateMap(field string, limits map[string]int64) {
	for _, model := range sortedKeys(limits) {
		v.pattern(field, model)
		limit := limits[model]
		v.rate(field+"."+model, &limit)
	}
}

func sortedKeys(m map[string]int64) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}

// budgetTerms judges terms; budgetID names the budget that they come from instead, if any.
func (v *validation) budgetTerms(t BudgetTerms, budgetID *string) {
	v.amount("max_budget", t.MaxBudget)
	v.amount("soft_budget", t.SoftBudget)
	if t.SoftBudget != nil && t.SoftThresholdPct != nil {
		v.fail("soft_threshold_pct", "cannot be set together with soft_budget: both say where the warning starts")
	}
	if t.SoftBudget != nil && t.MaxBudget != nil && *t.SoftBudget >= *t.MaxBudget {
		v.fail("soft_budget", "(%s) must be strictly lower than max_budget (%s)", *t.SoftBudget, *t.MaxBudget)
	}
	if t.SoftThresholdPct != nil {
		v.share("soft_threshold_pct", *t.SoftThresholdPct)
	}
	v.temporaryBudget(t.TempBudget, t.MaxBudget, budgetID != nil)
	if t.BudgetDuration != nil {
		span, err := ParseSpan(*t.BudgetDuration)
		if err != nil {
			v.fail("budget_duration", "%s", err)
		} else if t.ResetDay != nil && !span.Monthly() {
			v.fail("reset_day", `is a day of the month, and a budget_duration of %q does not begin on one; leave it out. Weeks begin on Monday`, *t.BudgetDuration)
		}
	}
	if t.ResetDay != nil && (*t.ResetDay < 1 || *t.ResetDay > 28) {
		v.fail("reset_day", "is %d; it must be a day that every month has, 1 to 28", *t.ResetDay)
	}
}

func (v *validation) amount(field string, amount *money.Nano) {
	if amount != nil && *amount < 0 {
		v.fail(field, "cannot be negative. Received: %s", *amount)
	}
}

func (v *validation) share(field string, share float64) {
	if math.IsNaN(share) || share <= 0 || share > 1 {
		v.fail(field, "is %v; it is a share and must be above 0 and at most 1", share)
	}
}

func (v *validation) thresholds(field string, thresholds []float64) {
	if len(thresholds) > 20 {
		v.fail(field, "has %d entries, at most 20 are allowed", len(thresholds))
	}
	for i, threshold := range thresholds {
		if math.IsNaN(threshold) || threshold <= 0 || threshold > 10 {
			v.fail(field, "holds %v; thresholds are shares of max_budget above 0 and at most 10", threshold)
		}
		if i > 0 && threshold <= thresholds[i-1] {
			v.fail(field, "must be ascending; %v follows %v", threshold, thresholds[i-1])
		}
	}
}

func (v *validation) metadata(metadata Metadata) {
	size := 0
	for key, value := range metadata {
		size += len(key) + len(value)
		if !json.Valid(value) {
			v.fail("metadata", "holds an entry that is not JSON")
		}
	}
	if size > maxMetadataLen {
		v.fail("metadata", "is %d bytes long, at most %d are allowed", size, maxMetadataLen)
	}
}
