package admin

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
)

// encodeCursor writes a place in a list so that nobody is tempted to read or to make one.
func encodeCursor(place any) (string, error) {
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
