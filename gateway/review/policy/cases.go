package policy

import (
	"errors"
	"fmt"
	"slices"
)

// Case is a test of a policy: a plan's changes in short, and what must come of them.
type Case struct {
	Name   string         `yaml:"name"`
	Type   string         `yaml:"type"`
	Action string         `yaml:"action"`
	Before map[string]any `yaml:"before"`
	After  map[string]any `yaml:"after"`
	// Want is the outcome, Rules are the names of the rules that must have spoken, if any are named.
	Want  Outcome  `yaml:"want"`
	Rules []string `yaml:"rules"`
}

// Cases are the tests of a policy.
type Cases struct {
	Cases []Case `yaml:"cases"`
}

// ReadCases understands the tests of a policy.
func ReadCases(name string, data []byte) ([]Case, error) {
	var cases Cases
	if err := strict(data, &cases); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(cases.Cases) == 0 {
		return nil, fmt.Errorf("%s: there are no cases; tests begin with \"cases:\" and a list", name)
	}
	for i, c := range cases.Cases {
		if c.Name == "" || c.Type == "" || !slices.Contains(outcomes, c.Want) {
			return nil, fmt.Errorf("%s: case %d needs a name, a type such as bursar_team, and want: pass, warn or approval", name, i+1)
		}
	}
	return cases.Cases, nil
}

// Check says how what the policy did differs from what a test wants; nil is not at all.
func (c Case) Check(verdicts []Verdict) error {
	var spoke []string
	for _, verdict := range verdicts {
		if !slices.Contains(spoke, verdict.Rule) {
			spoke = append(spoke, verdict.Rule)
		}
	}
	var mistakes []error
	if got := Worst(verdicts); got != c.Want {
		mistakes = append(mistakes, fmt.Errorf("%s: the outcome is %s, want %s; rules that spoke: %v", c.Name, got, c.Want, spoke))
	}
	for _, rule := range c.Rules {
		if !slices.Contains(spoke, rule) {
			mistakes = append(mistakes, fmt.Errorf("%s: rule %q did not speak", c.Name, rule))
		}
	}
	return errors.Join(mistakes...)
}
