package policy

import (
	"fmt"
	"math"

	"cel.dev/cel-go/cel"
)

// Expressions see the change under these names. An attribute that is null or not known is not there: has(after.max_budget)
// asks for it.
var environment = []cel.EnvOption{
	cel.Variable("address", cel.StringType),
	cel.Variable("type", cel.StringType),
	cel.Variable("action", cel.StringType),
	cel.Variable("team", cel.StringType),
	cel.Variable("before", cel.MapType(cel.StringType, cel.DynType)),
	cel.Variable("after", cel.MapType(cel.StringType, cel.DynType)),
	cel.Variable("unknown", cel.ListType(cel.StringType)),
	cel.Variable("owners", cel.ListType(cel.StringType)),
	cel.Variable("loosened", cel.ListType(cel.StringType)),
	cel.Variable("growth_pct", cel.DoubleType),
	cel.Variable("month_before_usd", cel.DoubleType),
	cel.Variable("month_after_usd", cel.DoubleType),
	cel.CrossTypeNumericComparisons(true),
}

// costLimit bounds what one expression may cost for one change.
const costLimit = 100_000

// expression compiles a condition in CEL, https://cel.dev, which must be a boolean.
func expression(a argument) (condition, error) {
	text, err := a.text()
	if err != nil {
		return condition{}, err
	}
	env, err := cel.NewEnv(environment...)
	if err != nil {
		return condition{}, fmt.Errorf("make room for expressions: %w", err)
	}
	ast, issues := env.Compile(text)
	if issues.Err() != nil {
		return condition{}, a.mistake("the expression is not understood: %s", issues.Err())
	}
	if kind := ast.OutputType(); !kind.IsExactType(cel.BoolType) {
		return condition{}, a.mistake("the expression is a %s; write one that is true or false", kind)
	}
	program, err := env.Program(ast, cel.CostLimit(costLimit))
	if err != nil {
		return condition{}, a.mistake("the expression cannot be run: %s", err)
	}
	return ofChange(func(c Change) string {
		found, _, err := program.Eval(c.variables())
		switch {
		case err != nil:
			return fmt.Sprintf("the rule's expression cannot be asked about it (%s)", err)
		case found.Value() == true:
			return "is what the rule's expression is about"
		default:
			return ""
		}
	}), nil
}

func (c Change) variables() map[string]any {
	return map[string]any{
		"address": c.Address, "type": c.Type, "action": c.Action, "team": c.Team,
		"before": present(c.Before), "after": present(c.After),
		"unknown": append([]string{}, c.Unknown...), "owners": append([]string{}, c.Owners...), "loosened": append([]string{}, c.Loosened...),
		"growth_pct": finite(c.GrowthPct), "month_before_usd": finite(c.MonthBeforeUSD), "month_after_usd": finite(c.MonthAfterUSD),
	}
}

func present(side map[string]any) map[string]any {
	if side == nil {
		return map[string]any{}
	}
	return side
}

// finite is a number that expressions can compare: what has no measure is larger than any that people write.
func finite(number float64) float64 {
	if math.IsInf(number, 1) {
		return math.MaxFloat64
	}
	return number
}
