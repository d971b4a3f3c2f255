package upstream_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tidwall/gjson"

	"github.com/bursarhq/terraform-provider-bursar/gateway/upstream"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// anthropicServer answers every message with the same text and keeps what it was asked.
type anthropicServer struct {
	*httptest.Server
	client *upstream.Client
	asked  []byte
	path   string
	answer string
}

func newAnthropicServer(t *testing.T) *anthropicServer {
	s := &anthropicServer{client: upstream.NewClient(nil, nil)}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.asked, _ = io.ReadAll(r.Body)
		s.path = r.URL.Path
		_, _ = io.WriteString(w, s.answer)
	}))
	t.Cleanup(func() { s.client.Close(); s.Close() })
	return s
}

func (s *anthropicServer) chat(t *testing.T, body string, outputCap int64, stream bool) (string, error) {
	t.Helper()
	d := upstream.Deployment{Provider: "anthropic", BaseURL: s.URL, UpstreamModel: "claude-x"}
	response, err := s.client.Send(t.Context(), d, upstream.Call{
		Wire: upstream.Chat, Path: "/chat/completions", Body: []byte(body), OutputCap: outputCap, Stream: stream,
	})
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(answer), nil
}

func decoded(t *testing.T, text string) any {
	t.Helper()
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return value
}

func TestAnthropicChat_requests(t *testing.T) {
	s := newAnthropicServer(t)
	for name, test := range map[string]struct{ chat, want string }{
		"instructions and steering": {
			`{"messages":[{"role":"system","content":"be brief"},{"role":"developer","content":[{"type":"text","text":"now","cache_control":{"type":"ephemeral"}}]},
			  {"role":"user","content":"hi"}],"temperature":1.5,"top_p":0.5,"stop":"END","user":"u1","seed":7,"presence_penalty":1}`,
			`{"system":[{"type":"text","text":"be brief"},{"type":"text","text":"now","cache_control":{"type":"ephemeral"}}],
			  "messages":[{"role":"user","content":[{"type":"text","text":"hi"}]}],
			  "temperature":1,"top_p":0.5,"stop_sequences":["END"],"metadata":{"user_id":"u1"}}`,
		},
		"pictures and files": {
			`{"messages":[{"role":"user","content":[{"type":"text","text":"what"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}},
			  {"type":"image_url","image_url":{"url":"https://x/y.png"}},{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,BBBB"}}]}]}`,
			`{"messages":[{"role":"user","content":[{"type":"text","text":"what"},
			  {"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAAA"}},
			  {"type":"image","source":{"type":"url","url":"https://x/y.png"}},
			  {"type":"document","title":"a.pdf","source":{"type":"base64","media_type":"application/pdf","data":"BBBB"}}]}]}`,
		},
		"parallel tool calls and their results": {
			`{"messages":[{"role":"user","content":"weather"},
			  {"role":"assistant","content":null,"thinking_blocks":[{"type":"thinking","thinking":"hm","signature":"s"}],
			   "tool_calls":[{"id":"a","type":"function","function":{"name":"w","arguments":"{\"city\":\"Paris\"}"}},{"id":"b","type":"function","function":{"name":"w","arguments":""}}]},
			  {"role":"tool","tool_call_id":"a","content":"sun"},{"role":"tool","tool_call_id":"b","content":"rain"},{"role":"user","content":"thanks"}],
			  "tools":[{"type":"function","function":{"name":"w","description":"d","parameters":{"type":"object"},"strict":true}}],"tool_choice":"required","parallel_tool_calls":false}`,
			`{"messages":[{"role":"user","content":[{"type":"text","text":"weather"}]},
			  {"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"s"},{"type":"tool_use","id":"a","name":"w","input":{"city":"Paris"}},{"type":"tool_use","id":"b","name":"w","input":{}}]},
			  {"role":"user","content":[{"type":"tool_result","tool_use_id":"a","content":[{"type":"text","text":"sun"}]},
			   {"type":"tool_result","tool_use_id":"b","content":[{"type":"text","text":"rain"}]},{"type":"text","text":"thanks"}]}],
			  "tools":[{"name":"w","description":"d","input_schema":{"type":"object"}}],"tool_choice":{"type":"any","disable_parallel_tool_use":true}}`,
		},
		"a tool by name, and none": {
			`{"messages":[{"role":"user","content":"x"}],"tools":[{"type":"function","function":{"name":"w"}}],"tool_choice":{"type":"function","function":{"name":"w"}}}`,
			`{"messages":[{"role":"user","content":[{"type":"text","text":"x"}]}],"tools":[{"name":"w","input_schema":{"type":"object","properties":{}}}],"tool_choice":{"type":"tool","name":"w"}}`,
		},
		"structured output": {
			`{"messages":[{"role":"user","content":"x"}],"response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object"}}}}`,
			`{"messages":[{"role":"user","content":[{"type":"text","text":"x"}]}],"output_config":{"format":{"type":"json_schema","schema":{"type":"object"}}}}`,
		},
		"reasoning": {
			`{"messages":[{"role":"user","content":"x"}],"reasoning_effort":"medium"}`,
			`{"messages":[{"role":"user","content":[{"type":"text","text":"x"}]}],"thinking":{"type":"enabled","budget_tokens":2048}}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := s.chat(t, test.chat, 5000, false); err != nil {
				t.Fatal(err)
			}
			want := decoded(t, test.want).(map[string]any)
			want["model"], want["max_tokens"] = "claude-x", 5000.0
			if diff := cmp.Diff(any(want), decoded(t, string(s.asked))); diff != "" || s.path != "/messages" {
				t.Error(s.path, diff)
			}
		})
	}
}

func TestAnthropicChat_whatItCannotSayIsRefused(t *testing.T) {
	s := newAnthropicServer(t)
	for more, want := range map[string]string{
		`,"n":2`:            "n must be 1",
		`,"logprobs":true`:  "logprobs is not served",
		`,"functions":[{}]`: "use tools",
		`,"response_format":{"type":"json_object"}`:                                                      "response_format must be text or json_schema",
		`,"audio":{"voice":"alloy"}`:                                                                     "audio is not served",
		`,"tools":[{"type":"custom"}]`:                                                                   "tools must be functions",
		`,"messages":[{"role":"x","content":"hi"}]`:                                                      `a message of role "x"`,
		`,"messages":[{"role":"user","content":5}]`:                                                      "neither a text nor a list of parts",
		`,"messages":[{"role":"user","content":[{"type":"input_audio"}]}]`:                               `a part of type "input_audio"`,
		`,"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"file:///x"}}]}]`: "without an address or data",
		`,"messages":[{"role":"assistant","tool_calls":[{"function":{"arguments":"[1]"}}]}]`:             "arguments are not a JSON object",
	} {
		_, err := s.chat(t, `{"model":"m"`+more+`}`, 100, false)
		if api.CodeOf(err) != api.Invalid || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", more, err, want)
		}
	}
	if s.asked != nil {
		t.Errorf("forwarded %s", s.asked)
	}
}

func TestAnthropicChat_answers(t *testing.T) {
	s := newAnthropicServer(t)
	s.answer = `{"id":"msg_1","model":"claude-x","content":[{"type":"thinking","thinking":"hm","signature":"s"},{"type":"text","text":"so"},
		{"type":"tool_use","id":"a","name":"w","input":{"city":"Paris"}}],"stop_reason":"tool_use",
		"usage":{"input_tokens":10,"cache_read_input_tokens":5,"cache_creation_input_tokens":7,"cache_creation":{"ephemeral_1h_input_tokens":3,"ephemeral_5m_input_tokens":4},"output_tokens":9}}`
	got, err := s.chat(t, `{"messages":[{"role":"user","content":"x"}]}`, 100, false)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"object": "chat.completion", "id": "msg_1", "choices.0.finish_reason": "tool_calls", "choices.0.message.content": "so",
		"choices.0.message.reasoning_content":               "hm",
		"choices.0.message.thinking_blocks.0.signature":     "s",
		"choices.0.message.tool_calls.0.id":                 "a",
		"choices.0.message.tool_calls.0.function.name":      "w",
		"choices.0.message.tool_calls.0.function.arguments": `{"city":"Paris"}`,
		"usage.prompt_tokens":                               "22", "usage.completion_tokens": "9", "usage.total_tokens": "31",
	} {
		if value := gjson.Get(got, path).String(); value != want {
			t.Errorf("%s: %q, want %q", path, value, want)
		}
	}
	usage, ok := upstream.Chat.Usage([]byte(got))
	want := upstream.Usage{PromptTokens: 22, CachedTokens: 5, CacheWriteTokens: 4, CacheWrite1hTokens: 3, CompletionTokens: 9, Service: "default"}
	if diff := cmp.Diff(want, usage); !ok || diff != "" {
		t.Error(diff)
	}
}

func TestAnthropicChat_streams(t *testing.T) {
	s := newAnthropicServer(t)
	for _, data := range []string{
		`{"type":"message_start","message":{"id":"msg_1","model":"claude-x","usage":{"input_tokens":10,"cache_read_input_tokens":5,"output_tokens":1}}}`,
		`{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":""}}`,
		`{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"hm"}}`,
		`{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"s"}}`,
		`{"type":"content_block_stop","index":0}`,
		`{"type":"ping"}`,
		`{"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}`,
		`{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"so"}}`,
		`{"type":"content_block_stop","index":1}`,
		`{"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"a","name":"w","input":{}}}`,
		`{"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{\"city\":"}}`,
		`{"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"\"Paris\"}"}}`,
		`{"type":"content_block_start","index":3,"content_block":{"type":"tool_use","id":"b","name":"w","input":{}}}`,
		`{"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":9}}`,
		`{"type":"message_stop"}`,
	} {
		s.answer += "event: " + gjson.Get(data, "type").String() + "\ndata: " + data + "\n\n"
	}
	got, err := s.chat(t, `{"messages":[{"role":"user","content":"x"}],"stream":true}`, 100, true)
	if err != nil {
		t.Fatal(err)
	}
	var text, thought, arguments, finish string
	var ids []string
	meter, last := upstream.Chat.Meter(), upstream.Reading{}
	events := upstream.NewEventReader(strings.NewReader(got))
	for !last.End {
		event, err := events.Next()
		if err != nil {
			t.Fatalf("%v in %s", err, got)
		}
		if reading := meter.Read(event); reading.Counted || reading.End {
			if reading.Counted && reading.Usage != (upstream.Usage{PromptTokens: 15, CachedTokens: 5, CompletionTokens: 9, Service: "default"}) {
				t.Errorf("usage: %+v", reading.Usage)
			}
			last = reading
		}
		delta := gjson.GetBytes(event.Data, "choices.0.delta")
		text += delta.Get("content").String()
		thought += delta.Get("reasoning_content").String()
		if signature := delta.Get("thinking_blocks.0.signature").String(); signature != "" && (signature != "s" || delta.Get("thinking_blocks.0.thinking").String() != "hm") {
			t.Errorf("thought: %s", delta)
		}
		if call := delta.Get("tool_calls.0"); call.Exists() {
			arguments += call.Get("index").String() + call.Get("function.arguments").String()
			if id := call.Get("id").String(); id != "" {
				ids = append(ids, id+call.Get("function.name").String())
			}
		}
		finish += gjson.GetBytes(event.Data, "choices.0.finish_reason").String()
	}
	if text != "so" || thought != "hm" || finish != "tool_calls" || arguments != `00{"city":0"Paris"}1` {
		t.Errorf("text %q, thought %q, finish %q, arguments %q", text, thought, finish, arguments)
	}
	if diff := cmp.Diff([]string{"aw", "bw"}, ids); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(got, ": ping\n\n") {
		t.Error("the comment that keeps the connection alive is gone")
	}
}
