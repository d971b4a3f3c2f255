package api

import (
	"encoding/json"
	"strings"
	"time"
)

// HeaderManagedBy says, with a change, what program keeps the object as a configuration has it: a [ManagedBy] as JSON,
// or [ReleasedObject].
const HeaderManagedBy = "X-Bursar-Managed-By"

// ReleasedObject as the value of [HeaderManagedBy] says that no configuration has the object any more.
const ReleasedObject = "nobody"

// ManagedBy is the configuration that an object is kept by. What is not known of it is empty.
type ManagedBy struct {
	// Program is that which applies it, such as "terraform".
	Program string `json:"program"`
	// Workspace is Terraform's, and Repository where the configuration is kept, such as "acme/llm-quotas".
	Workspace  string `json:"workspace,omitempty"`
	Repository string `json:"repository,omitempty"`
	// Address is where people change it, such as "https://github.com/acme/llm-quotas".
	Address string `json:"address,omitempty"`
}

// BlockedAtOnce is kept with an object of a configuration that somebody has blocked, or let through, without it.
type BlockedAtOnce struct {
	// Configured is what the configuration says of blocked.
	Configured bool      `json:"configured"`
	By         string    `json:"by"`
	At         time.Time `json:"at"`
	Reason     string    `json:"reason"`
}

// maxManagedBy bounds each part of a [ManagedBy], in bytes.
const maxManagedBy = 512

// ParseManagedBy reads [HeaderManagedBy]; it returns nil for an empty one.
func ParseManagedBy(header string) (*ManagedBy, error) {
	if header == "" || header == ReleasedObject {
		return nil, nil //nolint:nilnil // nobody manages it
	}
	decoder := json.NewDecoder(strings.NewReader(header))
	decoder.DisallowUnknownFields()
	var by ManagedBy
	if err := decoder.Decode(&by); err != nil || by.Program == "" || decoder.More() {
		return nil, FieldErrorf(HeaderManagedBy, `must be %q or JSON such as {"program":"terraform","workspace":"…","repository":"…","address":"…"}`, ReleasedObject)
	}
	for _, part := range []string{by.Program, by.Workspace, by.Repository, by.Address} {
		if len(part) > maxManagedBy || strings.ContainsFunc(part, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			return nil, FieldErrorf(HeaderManagedBy, "has a part that is longer than %d bytes or holds control characters", maxManagedBy)
		}
	}
	return &by, nil
}

// String is the configuration for people.
func (m ManagedBy) String() string {
	var parts []string
	if m.Workspace != "" {
		parts = append(parts, "workspace "+m.Workspace)
	}
	if m.Repository != "" {
		parts = append(parts, "repository "+m.Repository)
	}
	if m.Address != "" {
		parts = append(parts, m.Address)
	}
	if len(parts) == 0 {
		return m.Program
	}
	return m.Program + ", " + strings.Join(parts, ", ")
}

// Differs says whether two configurations are known to be different ones.
func (m ManagedBy) Differs(other ManagedBy) bool {
	differ := func(a, b string) bool { return a != "" && b != "" && a != b }
	return differ(m.Program, other.Program) || differ(m.Workspace, other.Workspace) || differ(m.Repository, other.Repository)
}
