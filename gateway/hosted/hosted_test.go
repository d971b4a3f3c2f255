package hosted_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/gateway/content"
	"github.com/bursarhq/terraform-provider-bursar/gateway/hosted"
)

func read(t *testing.T, dialect hosted.Dialect, body string) hosted.Work {
	t.Helper()
	var object hosted.Object
	if err := json.Unmarshal([]byte(body), &object); err != nil {
		t.Fatal(err)
	}
	found := content.Find([]byte(body))
	work, err := hosted.Read(dialect, object, &found)
	if err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return work
}

// What the client runs costs nothing besides tokens, in whichever dialect it is offered.
func TestRead_whatTheClientRunsPasses(t *testing.T) {
	for _, tool := range []string{
		`{"type":"function","function":{"name":"f"}}`, `{"type":"function","name":"f"}`, `{"name":"f","input_schema":{}}`,
		`{"type":"custom","name":"apply","format":{"type":"grammar","syntax":"lark","definition":"x"}}`,
		`{"type":"namespace","name":"files","tools":[{"type":"function","name":"read"},{"type":"custom","name":"patch"}]}`,
		`{"type":"local_shell"}`, `{"type":"shell"}`, `{"type":"shell","environment":{"type":"local"}}`, `{"type":"apply_patch"}`,
		`{"type":"computer_use_preview","display_width":1024,"display_height":768,"environment":"browser"}`, `{"type":"computer"}`,
		`{"type":"bash_20250124","name":"bash"}`, `{"type":"text_editor_20250728","name":"str_replace_based_edit_tool"}`,
		`{"type":"computer_20250124","name":"computer"}`, `{"type":"memory_20250818","name":"memory"}`,
		`{"type":"tool_search_tool_regex_20251119","name":"tool_search_tool_regex"}`, `{"type":"tool_search"}`,
	} {
		for _, dialect := range []hosted.Dialect{hosted.Chat, hosted.Messages, hosted.Responses} {
			work := read(t, dialect, `{"tools":[`+tool+`]}`)
			if work.Refusal() != nil || work.Searches != 0 || work.Unweighed != nil || work.Rounds != 1 || work.Readings != 1 {
				t.Errorf("%s: %+v", tool, work)
			}
			if body, err := work.Bounded([]byte(`{}`)); err != nil || string(body) != `{}` {
				t.Errorf("%s: %s %v", tool, body, err)
			}
		}
	}
}

func TestRead_whatHasNoPriceIsNamed(t *testing.T) {
	for body, want := range map[string]string{
		`{"tools":[{"type":"function","name":"f"},{"type":"code_interpreter","container":{"type":"auto"}}]}`: `tools has one of type "code_interpreter" (tools[1]), which the provider runs`,
		`{"tools":[{"type":"mcp","server_url":"https://x"}]}`:                                                `type "mcp"`,
		`{"tools":[{"type":"namespace","name":"n","tools":[{"type":"image_generation"}]}]}`:                  `(tools[0].tools[0])`,
		`{"tools":[{"type":"shell","environment":{"type":"container_auto"}}]}`:                               `type "shell"`,
		`{"tools":[{"type":"code_execution_20250825","name":"code_execution"}]}`:                             `type "code_execution_20250825"`,
		`{"tools":[{"url_context":{}}]}`:                                                                     `type "url_context"`,
		`{"tools":[{"type":"file_search"}]}`:                                                                 `type "file_search"`,
		`{"tools":[{"type":"function","type":"mcp","name":"f"}]}`:                                            `"of several types"`,
		`{"mcp_servers":[{"type":"url","url":"https://x"}]}`:                                                 `mcp_servers is not served: the provider runs it`,
		`{"data_sources":[{"type":"azure_search","parameters":{}}]}`:                                         `data_sources is not served`,
		`{"container":"c_1"}`: `container is not served`,
		`{"plugins":[{"id":"web","enabled":false},{"id":"file-parser"}]}`: `plugins has one of type "file-parser" (plugins[1])`,
	} {
		dialect := hosted.Responses
		if strings.Contains(body, "data_sources") {
			dialect = hosted.Chat
		}
		if strings.Contains(body, "mcp_servers") || strings.Contains(body, `"container":"`) || strings.Contains(body, "execution_") {
			dialect = hosted.Messages
		}
		work := read(t, dialect, body)
		refusal := work.Refusal()
		if refusal == nil || !strings.Contains(refusal.Error(), want) || !strings.Contains(refusal.Error(), "unpriced_tools: allow") {
			t.Errorf("%s: %v, want %s", body, refusal, want)
		}
		if work.Unweighed == nil || work.Rounds <= 1 {
			t.Errorf("%s: where it is allowed, it is bounded: %+v", body, work)
		}
	}
}

func TestRead_searchesAreBounded(t *testing.T) {
	for name, test := range map[string]struct {
		dialect hosted.Dialect
		body    string
		// searches are reserved, made are booked where no answer says, told is what the provider is told.
		searches, made, readings int64
		told                     string
	}{
		"Anthropic's, bounded":        {hosted.Messages, `{"tools":[{"type":"web_search_20250305","name":"web_search","max_uses":3}]}`, 3, 0, 4, `{"tools":[{"type":"web_search_20250305","name":"web_search","max_uses":3}]}`},
		"Anthropic's":                 {hosted.Messages, `{"tools":[{"type":"web_search_20250305","name":"web_search"}]}`, 5, 0, 6, `{"tools":[{"type":"web_search_20250305","name":"web_search","max_uses":5}]}`},
		"of a later date":             {hosted.Messages, `{"tools":[{"name":"f"},{"type":"web_search_20260209","name":"web_search","max_uses":null}]}`, 5, 0, 6, `{"tools":[{"name":"f"},{"type":"web_search_20260209","name":"web_search","max_uses":5}]}`},
		"a bound in another word":     {hosted.Messages, `{"tools":[{"type":"web_search_20250305","Max_Uses":2}]}`, 2, 0, 3, `{"tools":[{"type":"web_search_20250305","Max_Uses":2,"max_uses":2}]}`},
		"a bound beyond all bounds":   {hosted.Messages, `{"tools":[{"type":"web_search_20250305","max_uses":1000000}]}`, 1000, 0, 1001, `{"tools":[{"type":"web_search_20250305","max_uses":1000}]}`},
		"a bound that is none":        {hosted.Messages, `{"tools":[{"type":"web_search_20250305","max_uses":"9"}]}`, 5, 0, 6, `{"tools":[{"type":"web_search_20250305","max_uses":5}]}`},
		"OpenAI's":                    {hosted.Responses, `{"tools":[{"type":"web_search"}]}`, 5, 0, 1, `{"tools":[{"type":"web_search"}],"max_tool_calls":5}`},
		"OpenAI's, preview":           {hosted.Responses, `{"tools":[{"type":"web_search_preview_2025_03_11"}],"max_tool_calls":2}`, 2, 0, 1, `{"tools":[{"type":"web_search_preview_2025_03_11"}],"max_tool_calls":2}`},
		"more calls than one default": {hosted.Responses, `{"tools":[{"type":"web_search"}],"max_tool_calls":40}`, 40, 0, 1, `{"tools":[{"type":"web_search"}],"max_tool_calls":40}`},
		"a chat's tool":               {hosted.Chat, `{"tools":[{"type":"web_search"}]}`, 5, 1, 1, `{"tools":[{"type":"web_search"}]}`},
		"OpenRouter's tool":           {hosted.Chat, `{"tools":[{"type":"openrouter:web_search"}]}`, 5, 1, 1, `{"tools":[{"type":"openrouter:web_search"}]}`},
		"Gemini's":                    {hosted.Chat, `{"tools":[{"googleSearch":{}}]}`, 5, 1, 1, `{"tools":[{"googleSearch":{}}]}`},
		"a chat's option":             {hosted.Chat, `{"web_search_options":{}}`, 1, 1, 1, `{"web_search_options":{}}`},
		"xAI's":                       {hosted.Chat, `{"search_parameters":{"mode":"auto"}}`, 20, 1, 1, `{"search_parameters":{"mode":"auto"}}`},
		"xAI's, few":                  {hosted.Chat, `{"search_parameters":{"max_search_results":4}}`, 4, 1, 1, `{"search_parameters":{"max_search_results":4}}`},
		"xAI's, off":                  {hosted.Chat, `{"search_parameters":{"mode":"off"}}`, 0, 0, 1, `{"search_parameters":{"mode":"off"}}`},
		"Qwen's":                      {hosted.Chat, `{"enable_search":true}`, 1, 1, 1, `{"enable_search":true}`},
		"a search by its name":        {hosted.Chat, `{"web_search":{"enable":true}}`, 1, 1, 1, `{"web_search":{"enable":true}}`},
		"Qwen's, off":                 {hosted.Chat, `{"enable_search":false}`, 0, 0, 1, `{"enable_search":false}`},
		"OpenRouter's plugin":         {hosted.Chat, `{"plugins":[{"id":"web","max_results":12}]}`, 3, 1, 1, `{"plugins":[{"id":"web","max_results":12}]}`},
	} {
		t.Run(name, func(t *testing.T) {
			work := read(t, test.dialect, test.body)
			if work.Refusal() != nil || work.Searches != test.searches || work.SearchesMade != test.made || work.Readings != test.readings {
				t.Errorf("%+v", work)
			}
			if body, err := work.Bounded([]byte(test.body)); err != nil || string(body) != test.told {
				t.Errorf("the provider is told %s %v", body, err)
			}
			if test.searches > 0 && !strings.Contains(fmt.Sprint(work.SearchRefusal()), "unpriced_tools") {
				t.Errorf("%v", work.SearchRefusal())
			}
		})
	}
}

// A member in two spellings, of which only the provider knows the one that it reads, counts as what would cost the most.
func TestRead_spellingsThatDisagree(t *testing.T) {
	for body, want := range map[string]string{
		`{"search_parameters":{"mode":"on","MODE":"off"}}`:                                "20 ",
		`{"search_parameters":{"mode":"off","Mode":"off"}}`:                               "0 ",
		`{"search_parameters":{"max_search_results":50,"maxSearchResults":1}}`:            "50 ",
		`{"web_search_options":{"search_context_size":"high","searchContextSize":"low"}}`: "1 of several kinds",
		`{"web_search_options":{"search_context_size":"high"}}`:                           "1 high",
		`{"plugins":[{"id":"web","ID":"response-healing"}]}`:                              "0 refused",
		`{"plugins":[{"id":"web","enabled":true,"Enabled":false}]}`:                       "1 ",
		`{"plugins":[{"id":"web","enabled":"false"}]}`:                                    "1 ",
		`{"plugins":[{"id":"web","enabled":false}]}`:                                      "0 ",
		`{"plugins":[{"id":"web","max_results":50,"Max_Results":1}]}`:                     "10 ",
	} {
		work := read(t, hosted.Chat, body)
		got := fmt.Sprint(work.Searches, " ", work.SearchContext)
		if work.Refusal() != nil {
			got += "refused"
		}
		if got != want {
			t.Errorf("%s: %s, want %s", body, got, want)
		}
	}
}

func TestRead_contextSizesThatDisagreeAreTheDearest(t *testing.T) {
	for sizes, want := range map[string]string{"low low": "low", "low high": "of several sizes", "high": "high"} {
		var tools []string
		for size := range strings.FieldsSeq(sizes) {
			tools = append(tools, `{"type":"web_search","search_context_size":"`+size+`"}`)
		}
		if work := read(t, hosted.Responses, `{"tools":[`+strings.Join(tools, ",")+`]}`); work.SearchContext != want {
			t.Errorf("%s: %q", sizes, work.SearchContext)
		}
	}
}

func TestRead_pagesThatAreFetchedAreBoundedByTheirTokens(t *testing.T) {
	work := read(t, hosted.Messages, `{"tools":[{"type":"web_fetch_20250910","name":"web_fetch","max_uses":2,"max_content_tokens":3000}]}`)
	if work.Tokens != 6000 || work.Unweighed != nil || work.Readings != 3 || work.Refusal() != nil {
		t.Errorf("%+v", work)
	}
	if work := read(t, hosted.Messages, `{"tools":[{"type":"web_fetch_20250910","name":"web_fetch"}]}`); work.Unweighed == nil || work.Refusal() != nil {
		t.Errorf("%+v", work)
	}
}

func TestRead_summaries(t *testing.T) {
	for body, want := range map[string]int64{
		`{"context_management":{"edits":[{"type":"compact_20260112"}]}}`:                                                                                                                            50_000,
		`{"context_management":{"edits":[{"type":"c\u006fmpact_20260112"}]}}`:                                                                                                                       50_000,
		`{"context_management":{"edits":[{"type":"clear_tool_uses_20250919"}]}}`:                                                                                                                    0,
		`{"context_management":{"edits":[{"type":"compact_20260112","trigger":{"type":"input_tokens","value":150000}}]}}`:                                                                           150_000,
		`{"context_management":{"edits":[{"type":"compact_20260112","trigger":{"type":"input_tokens","value":150000}},{"type":"clear_tool_uses_20250919","keep":{"type":"tool_uses","value":3}}]}}`: 50_000,
		`{"context_management":null}`: 0,
	} {
		if work := read(t, hosted.Messages, body); work.SummaryFrom != want {
			t.Errorf("%s: from %d", body, work.SummaryFrom)
		}
	}
}

func TestRead_wrongKindsAreOneClearError(t *testing.T) {
	for body, want := range map[string]string{
		`{"web_search_options":[]}`: "web_search_options must be an object", `{"search_parameters":"on"}`: "search_parameters must be an object",
		`{"plugins":{}}`: "plugins must be a list", `{"tools":[{"type":"web_search"}],"max_tool_calls":0}`: "max_tool_calls must be a whole number",
		`{"tools":[{"type":"web_search"}],"max_tool_calls":"9"}`: "max_tool_calls must be a whole number",
	} {
		var object hosted.Object
		_ = json.Unmarshal([]byte(body), &object)
		found := content.Find([]byte(body))
		if _, err := hosted.Read(hosted.Responses, object, &found); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", body, err)
		}
	}
}
