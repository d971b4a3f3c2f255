package asked

import (
	"encoding/json"

	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Input reads a request whose whole input stands in one field: embeddings and moderations.
func Input(c *Call, object httpx.Object) error {
	raw, given := object["input"]
	if !given || string(raw) == "null" {
		return api.FieldErrorf("input", "is required")
	}
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) == nil && len(list) > 0 && (list[0][0] < '0' || list[0][0] > '9') { // token numbers are one input
		c.Inputs = int64(len(list))
	}
	return nil
}
