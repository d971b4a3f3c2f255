package proxy_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// keptResponses is the bench's record of stored responses.
type keptResponses struct {
	mu   sync.Mutex
	kept map[string]api.StoredResponse
	// items are the ids of responses by those of their items.
	items map[string]string
}

func (k *keptResponses) RememberResponse(_ context.Context, response api.StoredResponse) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.kept[response.ID] = response
	return nil
}

func (k *keptResponses) StoredResponse(_ context.Context, id string) (api.StoredResponse, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if response, found := k.kept[id]; found {
		return response, nil
	}
	return api.StoredResponse{}, api.Errorf(api.NotFound, "no such response")
}

func (k *keptResponses) ForgetResponse(_ context.Context, id string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.kept, id)
	return nil
}

func (k *keptResponses) RememberItems(_ context.Context, responseID string, items []string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, id := range items {
		if _, known := k.items[id]; !known {
			k.items[id] = responseID
		}
	}
	return nil
}

func (k *keptResponses) StoredItems(_ context.Context, ids []string) (map[string]api.StoredResponse, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	found := map[string]api.StoredResponse{}
	for _, id := range ids {
		if response, known := k.kept[k.items[id]]; known {
			found[id] = response
		}
	}
	return found, nil
}

func (k *keptResponses) PurgeResponses(context.Context) error { return nil }

func (b *bench) respond(t *testing.T, more string) string {
	t.Helper()
	got := b.send("POST", "/v1/responses", routes["responses"].say("prompt_tokens=20 completion_tokens=5", more), nil)
	if got.status != http.StatusOK {
		t.Fatalf("%d %s", got.status, got.body)
	}
	return gjson.Get(got.body, "id").String()
}

func TestResponses_storedOnesAreReadWithoutCharge(t *testing.T) {
	b := newBench(t, nil)
	id := b.respond(t, "")
	for _, path := range []string{"/v1/responses/" + id, "/v1/responses/" + id + "/input_items?limit=3"} {
		if got := b.send("GET", path, "", nil); got.status != http.StatusOK {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
	}
	if state := b.spent(); state.Settled != 25*perToken || state.Reserved != 0 {
		t.Errorf("a stored response was counted again: %+v", state)
	}
	if got := b.send("DELETE", "/v1/responses/"+id, "", nil); got.status != http.StatusOK || !strings.Contains(got.body, `"deleted":true`) {
		t.Errorf("%d %s", got.status, got.body)
	}
	if got := b.send("GET", "/v1/responses/"+id, "", nil); got.status != http.StatusNotFound {
		t.Errorf("after it was deleted: %d %s", got.status, got.body)
	}
	last := b.upstream.Requests()
	if path := last[2].Path; path != "/v1/responses/"+id+"/input_items" {
		t.Errorf("asked for %s", path)
	}
}

func TestResponses_streamedOnesAreStoredToo(t *testing.T) {
	b := newBench(t, nil)
	b.send("POST", "/v1/responses", routes["responses"].say("completion_tokens=3", `,"stream":true`), nil)
	if got := b.send("GET", "/v1/responses/resp_fake0", "", nil); got.status != http.StatusOK {
		t.Errorf("%d %s", got.status, got.body)
	}
}

func TestResponses_othersCannotReadOrContinueThem(t *testing.T) {
	b := newBench(t, nil)
	id := b.respond(t, "")
	stored := b.responses.kept[id]
	stored.TeamID = "research"
	b.responses.kept[id] = stored
	for _, try := range []struct{ method, path, body string }{
		{"GET", "/v1/responses/" + id, ""},
		{"DELETE", "/v1/responses/" + id, ""},
		{"POST", "/v1/responses", `{"model":"m","input":"go on","previous_response_id":"` + id + `"}`},
		{"GET", "/v1/responses/resp_unknown", ""},
	} {
		if got := b.send(try.method, try.path, try.body, nil); got.status != http.StatusNotFound || !strings.Contains(got.body, "not found") {
			t.Errorf("%s %s: %d %s", try.method, try.path, got.status, got.body)
		}
	}
	if n := len(b.upstream.Requests()); n != 1 {
		t.Errorf("the upstream saw %d requests", n)
	}
}

// An item is its response's: whoever may not read the response finds no item of it, however it is named.
func TestResponses_othersCannotReferToItems(t *testing.T) {
	b := newBench(t, nil)
	id := b.respond(t, "")
	ask := func(item string) answer {
		return b.send("POST", "/v1/responses", `{"model":"m","input":[{"type":"message","role":"user","content":"hi"},`+item+`]}`, nil)
	}
	reference := `{"type":"item_reference","id":"msg_fake"}`
	if got := ask(reference); got.status != http.StatusOK {
		t.Fatalf("one's own item: %d %s", got.status, got.body)
	}
	for _, item := range []string{`{"type":"item_reference","id":"msg_unknown"}`, `{"id":"msg_unknown"}`} {
		if got := ask(item); got.status != http.StatusNotFound || !strings.Contains(got.body, "Item with id 'msg_unknown' not found") {
			t.Errorf("%s: %d %s", item, got.status, got.body)
		}
	}
	for _, item := range []string{
		`{"type":"message","id":"msg_unknown","role":"assistant","content":"hi"}`,
		`{"type":"reasoning","id":"rs_unknown","summary":[],"content":[{"type":"reasoning_text","text":"hm"}]}`,
		`{"type":"function_call","id":"msg_unknown","call_id":"1","name":"f","arguments":"{}"}`,
	} {
		if got := ask(item); got.status != http.StatusOK {
			t.Errorf("an item that is whole, %s: %d %s", item, got.status, got.body)
		}
	}
	stored := b.responses.kept[id]
	stored.TeamID = "research"
	b.responses.kept[id] = stored
	asked := len(b.upstream.Requests())
	for _, item := range []string{
		reference, `{"id":"msg_fake"}`, `{"type":"item_reference","id":"msg\u005ffake"}`, `{"type":"item_reference","id":"msg_fake","Id":"msg_unknown"}`,
		`{"type":"item_reference","Type":"message","id":"msg_fake","content":"x"}`, `{"type":"reasoning","id":"msg_fake","summary":[]}`,
		`{"type":"image_generation_call","id":"msg_fake"}`, `{"role":"user","content":[` + reference + `]}`,
	} {
		if got := ask(item); got.status != http.StatusNotFound || !strings.Contains(got.body, "not found") {
			t.Errorf("another team's, %s: %d %s", item, got.status, got.body)
		}
	}
	if n := len(b.upstream.Requests()) - asked; n != 0 {
		t.Errorf("the upstream saw %d requests", n)
	}
}

// What a response carries on is part of the prompt that is reserved: it must not get past the limits.
func TestResponses_previousOnesCountForThePrompt(t *testing.T) {
	b := newBench(t, func(b *bench) { b.team.TPMLimit = new(int64(2000)) })
	first := b.send("POST", "/v1/responses", routes["responses"].say("prompt_tokens=200 completion_tokens=100", `,"max_output_tokens":100`), nil)
	id := gjson.Get(first.body, "id").String()
	next := func(cap string) answer {
		return b.send("POST", "/v1/responses", `{"model":"m","input":"go on","max_output_tokens":`+cap+`,"previous_response_id":"`+id+`"}`, nil)
	}
	// 300 were used; the next reserves 300 carried on, its own prompt of some 150, and its cap.
	if got := next("1000"); got.status != http.StatusOK {
		t.Errorf("%d %s", got.status, got.body)
	}
	stored := b.responses.kept[id]
	stored.Tokens = 1500
	b.responses.kept[id] = stored
	if got := next("500"); got.status != http.StatusBadRequest && got.status != http.StatusTooManyRequests {
		t.Errorf("1,500 carried on and a cap of 500 fit into 2,000: %d %s", got.status, got.body)
	}
}

func TestResponses_whatCannotBeBoundedIsRefused(t *testing.T) {
	b := newBench(t, nil)
	for name, test := range map[string]struct{ more, want string }{
		"background":   {`,"background":true`, "background is not served"},
		"conversation": {`,"conversation":"conv_1"`, "conversation is not served"},
		"prompt":       {`,"prompt":{"id":"pmpt_1"}`, "prompt is not served"},
		"web search":   {`,"tools":[{"type":"web_search"}]`, `tools is not served: tools[0] (web_search): the price of a web search is not known`},
		"a second MCP": {`,"tools":[{"type":"function","name":"f"},{"type":"mcp"}]`, `has one of type \"mcp\"`},
		"zero cap":     {`,"max_output_tokens":0`, "max_output_tokens must be at least 1"},
	} {
		t.Run(name, func(t *testing.T) {
			got := b.send("POST", "/v1/responses", routes["responses"].say("", test.more), nil)
			if got.status != http.StatusBadRequest || !strings.Contains(got.body, test.want) {
				t.Errorf("%d %s", got.status, got.body)
			}
		})
	}
}

func TestResponses_errorsInAStreamAreEventsThatClientsRead(t *testing.T) {
	b := newBench(t, nil)
	got := b.send("POST", "/v1/responses", routes["responses"].say("completion_tokens=9 break_after=3", `,"stream":true`), nil)
	last := got.body[strings.LastIndex(got.body, "event: "):]
	name, data, _ := strings.Cut(strings.TrimPrefix(last, "event: "), "\ndata: ")
	var event struct{ Type, Code, Message string }
	if err := json.Unmarshal([]byte(data), &event); err != nil || name != "error" || event.Type != "error" || event.Code != "upstream_error" {
		t.Errorf("%q", last)
	}
}

func TestResponses_unstoredOnesAreNotRemembered(t *testing.T) {
	b := newBench(t, nil)
	b.respond(t, `,"store":false`)
	if len(b.responses.kept) != 0 {
		t.Errorf("kept: %v", b.responses.kept)
	}
}
