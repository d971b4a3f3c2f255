package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// set gives an attribute of a team in the copied main.tf another value, as an editor would.
func (t *terraformCLI) set(team, attribute, value string) error {
	path := filepath.Join(t.dir, "main.tf")
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read the configuration: %w", err)
	}
	changed, err := setAttribute(string(text), team, attribute, value)
	if err != nil {
		return err
	}
	if err := os.WriteFile(path, []byte(changed), 0o600); err != nil {
		return fmt.Errorf("write the configuration: %w", err)
	}
	return nil
}

// setAttribute replaces the value of an attribute that stands on a line of its own in the team's block.
func setAttribute(text, team, attribute, value string) (string, error) {
	pattern := regexp.MustCompile(`(?ms)^resource "bursar_team" "` + regexp.QuoteMeta(team) + `" \{\n.*?^\}`)
	block := pattern.FindStringIndex(text)
	if block == nil {
		return "", fmt.Errorf("the configuration has no team %q", team)
	}
	line := regexp.MustCompile(`(?m)^(\s*` + regexp.QuoteMeta(attribute) + `\s*= ).*$`)
	before := text[block[0]:block[1]]
	after := line.ReplaceAllString(before, "${1}"+value)
	if after == before {
		return "", fmt.Errorf("the configuration of team %q does not set %s to anything but %s", team, attribute, value)
	}
	return text[:block[0]] + after + text[block[1]:], nil
}

// linesWith are the lines that contain any of the parts.
func linesWith(text string, parts ...string) string {
	var found strings.Builder
	for line := range strings.Lines(text) {
		for _, part := range parts {
			if strings.Contains(line, part) {
				found.WriteString(line)
				break
			}
		}
	}
	return found.String()
}
