package client

import "encoding/json"

// Same says whether two sets of fields are the same as the gateway would see them.
func Same[F any](a, b F) bool {
	first, errA := json.Marshal(a)
	second, errB := json.Marshal(b)
	return errA == nil && errB == nil && string(first) == string(second)
}
