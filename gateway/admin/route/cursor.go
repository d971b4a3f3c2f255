package route

import (
	"encoding/base64"
	"encoding/json"
	"fmt"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// EncodeCursor writes a place in a list so that nobody is tempted to read or to make one.
func EncodeCursor(place any) (string, error) {
	data, err := json.Marshal(place)
	if err != nil {
		return "", fmt.Errorf("write a cursor: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(data), nil
}

func decodeCursor(text string, place any) error {
	data, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, place)
}

// Cursor reads a cursor that was answered before into target; there need not be one.
func (c *Call) Cursor(target any) (given bool, err error) {
	text := c.Query.Get("cursor")
	if text == "" {
		return false, nil
	}
	if err := decodeCursor(text, target); err != nil {
		return false, api.FieldErrorf("cursor", "is not one that the gateway has answered")
	}
	return true, nil
}
