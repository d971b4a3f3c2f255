//go:build release

package provider_test

import "testing"

// The afternoon of a large company: 200 teams with 5,000 keys.
func TestReleaseAfternoon(t *testing.T) { newAfternoon(t, 200, 25, 500).run() }
