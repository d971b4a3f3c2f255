package httpx

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// WriteJSON answers value with the given status.
func WriteJSON(w http.ResponseWriter, status int, value any) error {
	data, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("write the answer as JSON: %w", err)
	}
	WriteRaw(w, status, data)
	return nil
}

// WriteRaw answers a body that is JSON already.
func WriteRaw(w http.ResponseWriter, status int, data []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// A failed write means that the client hung up, which the server notices by itself.
	_, _ = w.Write(append(data, '\n'))
}

// Status remembers the status that a handler answered with; see [Unwrap] for what else the writer can do.
type Status struct {
	http.ResponseWriter
	// Code is 0 until the handler has answered.
	Code int
}

// WriteHeader remembers the status and passes it on.
func (s *Status) WriteHeader(code int) {
	if s.Code == 0 {
		s.Code = code
	}
	s.ResponseWriter.WriteHeader(code)
}

// Write passes data on; the first byte makes the status 200, as in net/http.
func (s *Status) Write(data []byte) (int, error) {
	if s.Code == 0 {
		s.Code = http.StatusOK
	}
	return s.ResponseWriter.Write(data)
}

// Unwrap lets [http.ResponseController] reach the writer underneath, for flushing and deadlines.
func (s *Status) Unwrap() http.ResponseWriter { return s.ResponseWriter }
