package proxy

import (
	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// parseInput reads a request whose whole input stands in one field: embeddings and moderations.
func parseInput(_ *call, object httpx.Object) error {
	if raw, given := object["input"]; !given || string(raw) == "null" {
		return api.FieldErrorf("input", "is required")
	}
	return nil
}
