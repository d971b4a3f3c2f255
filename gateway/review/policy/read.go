package policy

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// document is a quota-policy.yaml.
type document struct {
	Rules []yaml.Node `yaml:"rules"`
}

// written is a rule as it stands in the file.
type written struct {
	Name string               `yaml:"name"`
	When map[string]yaml.Node `yaml:"when"`
	Then string               `yaml:"then"`
	By   []string             `yaml:"by"`
	// Labels are set on the pull request while the rule holds.
	Labels []string `yaml:"labels"`
}

// Read understands a policy. The name of the file stands in errors, with line and column; all mistakes are told at once.
func Read(name string, data []byte) (*Policy, error) {
	var whole document
	if err := strict(data, &whole); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(whole.Rules) == 0 {
		return nil, fmt.Errorf("%s: there are no rules; a policy begins with \"rules:\" and a list", name)
	}
	policy, mistakes := &Policy{}, []error(nil)
	for _, node := range whole.Rules {
		rule, err := readRule(node)
		if err != nil {
			mistakes = append(mistakes, fmt.Errorf("%s:%w", name, err))
			continue
		}
		policy.Rules = append(policy.Rules, rule)
	}
	if len(mistakes) > 0 {
		return nil, errors.Join(mistakes...)
	}
	return policy, nil
}

func strict(data []byte, into any) error {
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	if err := decoder.Decode(into); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read the policy: %w", err)
	}
	return nil
}

// ruleFields are what a rule has.
var ruleFields = []string{"name", "when", "then", "by", "labels"}

func readRule(node yaml.Node) (*Rule, error) {
	at := argument{node: node}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if field := node.Content[i]; !slices.Contains(ruleFields, field.Value) {
			return nil, argument{node: *field}.mistake("a rule has no %q; it has %s", field.Value, strings.Join(ruleFields, ", "))
		}
	}
	var rule written
	if err := node.Decode(&rule); err != nil {
		return nil, at.mistake("a rule is not understood: %s", err)
	}
	outcome := Outcome(rule.Then)
	switch {
	case rule.Name == "":
		return nil, at.mistake("a rule has no name; reviewers read it")
	case !slices.Contains(outcomes, outcome):
		return nil, at.mistake("rule %q: then is %q; write pass, warn or approval", rule.Name, rule.Then)
	case len(rule.When) != 1:
		return nil, at.mistake("rule %q: when has %d conditions; write one for each rule", rule.Name, len(rule.When))
	case len(rule.Labels) > 0 && outcome == Pass:
		return nil, at.mistake("rule %q: labels are for what does not pass", rule.Name)
	case slices.ContainsFunc(rule.Labels, func(label string) bool { return strings.TrimSpace(label) == "" || strings.Contains(label, ",") }):
		return nil, at.mistake("rule %q: a label is not empty and has no comma", rule.Name)
	case len(rule.By) > 0 && outcome != Approval:
		return nil, at.mistake("rule %q: by says who approves, and then is %s", rule.Name, outcome)
	}
	for name, value := range rule.When {
		kind, known := conditions[name]
		if !known {
			return nil, at.mistake("rule %q: no condition is named %q; known are %s", rule.Name, name, strings.Join(slices.Sorted(maps.Keys(conditions)), ", "))
		}
		when, err := kind.make(argument{rule: rule.Name, name: name, node: value})
		if err != nil {
			return nil, err
		}
		return &Rule{Name: rule.Name, Outcome: outcome, By: rule.By, Labels: rule.Labels, when: when}, nil
	}
	return nil, at.mistake("rule %q has no condition", rule.Name)
}

// argument is what stands behind a condition's name.
type argument struct {
	rule, name string
	node       yaml.Node
}

func (a argument) mistake(format string, values ...any) error {
	text := fmt.Sprintf(format, values...)
	if a.rule != "" {
		text = fmt.Sprintf("rule %q: %s: %s", a.rule, a.name, text)
	}
	return fmt.Errorf("%d:%d: %s", a.node.Line, a.node.Column, text)
}

func (a argument) number() (float64, error) {
	var number float64
	if err := a.node.Decode(&number); err != nil || number < 0 || a.node.Tag == "!!null" {
		return 0, a.mistake("write a number that is not negative")
	}
	return number, nil
}

func (a argument) text() (string, error) {
	if a.node.Kind != yaml.ScalarNode || strings.TrimSpace(a.node.Value) == "" {
		return "", a.mistake("write an expression, such as type == \"bursar_key\"")
	}
	return a.node.Value, nil
}

func (a argument) isTrue() error {
	if a.node.Value != "true" {
		return a.mistake("write true, or leave the rule out")
	}
	return nil
}
