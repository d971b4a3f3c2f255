package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
)

// answer is what the gateway said to one request.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// call sends a JSON body, or none when it is nil, as the holder of the key.
func (d *demo) call(ctx context.Context, method, path, key string, body any) (answer, error) {
	var content io.Reader = http.NoBody
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return answer{}, fmt.Errorf("write the body for %s: %w", path, err)
		}
		content = bytes.NewReader(data)
	}
	request, err := http.NewRequestWithContext(ctx, method, d.gateway.url+path, content)
	if err != nil {
		return answer{}, fmt.Errorf("make a request to %s: %w", path, err)
	}
	request.Header.Set("Authorization", "Bearer "+key)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return answer{}, fmt.Errorf("call the gateway: %w", err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		return answer{}, fmt.Errorf("read the answer of %s: %w", path, err)
	}
	return answer{status: response.StatusCode, header: response.Header, body: data}, nil
}

// admin calls the admin API, insists on 200 and reads the answer into result unless that is nil.
func (d *demo) admin(ctx context.Context, method, path string, body, result any) error {
	a, err := d.call(ctx, method, path, d.adminKey, body)
	if err != nil {
		return err
	}
	if a.status != http.StatusOK {
		return fmt.Errorf("%s %s answered %d: %s", method, path, a.status, a.body)
	}
	if result == nil {
		return nil
	}
	if err := json.Unmarshal(a.body, result); err != nil {
		return fmt.Errorf("read the answer of %s: %w", path, err)
	}
	return nil
}

// chat asks the model for exactly so many tokens with the team's key.
func (d *demo) chat(ctx context.Context, team string, tokens int) (answer, error) {
	return d.call(ctx, http.MethodPost, "/v1/chat/completions", d.keys[team], map[string]any{
		"model":      model,
		"max_tokens": tokens,
		"messages": []map[string]string{
			{"role": "user", "content": fmt.Sprintf("Say something. fake: completion_tokens=%d", tokens)},
		},
	})
}

// String shows the answer as it came: status, the headers about limits, and the body.
func (a answer) String() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%d %s\n", a.status, http.StatusText(a.status))
	var names []string
	for name := range a.header {
		if name == "Retry-After" || strings.HasPrefix(strings.ToLower(name), "x-ratelimit-") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Fprintf(&text, "%s: %s\n", strings.ToLower(name), a.header.Get(name))
	}
	fmt.Fprintf(&text, "\n%s", a.body)
	return text.String()
}
