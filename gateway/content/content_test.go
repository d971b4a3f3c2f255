package content_test

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/bursarhq/terraform-provider-bursar/gateway/content"
)

var (
	pixels = strings.Repeat("iVBORw0K", 5_000)
	mp3    = base64.StdEncoding.EncodeToString(append([]byte{0xff, 0xfb, 0x90, 0x00}, make([]byte, 30_000)...))
	flac   = base64.StdEncoding.EncodeToString(append([]byte("fLaC"), make([]byte, 300)...))
	pages  = base64.StdEncoding.EncodeToString(append([]byte("%PDF-1.7"), make([]byte, 30_000)...))
)

// wave is the beginning of a WAV file of so many bytes.
func wave(kind, channels, samples, rate, block, bits, size int) []byte {
	file := append([]byte("RIFF\x00\x00\x00\x00WAVE"), "JUNK\x04\x00\x00\x00abcd"...)
	file = append(file, "fmt \x10\x00\x00\x00"...)
	file = binary.LittleEndian.AppendUint16(file, uint16(kind))
	file = binary.LittleEndian.AppendUint16(file, uint16(channels))
	file = binary.LittleEndian.AppendUint32(file, uint32(samples))
	file = binary.LittleEndian.AppendUint32(file, uint32(rate))
	file = binary.LittleEndian.AppendUint16(file, uint16(block))
	file = binary.LittleEndian.AppendUint16(file, uint16(bits))
	file = append(file, "data\x00\x00\x00\x00"...)
	return append(file, make([]byte, max(0, size-len(file)))...)
}

// extensible is the beginning of a WAV file that names its kind of sound at the end of its format.
func extensible(kind int) []byte {
	file := append([]byte("RIFF\x00\x00\x00\x00WAVEfmt \x28\x00\x00\x00"), wave(0xfffe, 1, 16_000, 32_000, 2, 16, 0)[32:48]...)
	file = append(file, 22, 0, 16, 0, 4, 0, 0, 0, byte(kind), 0)
	file = append(file, "\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71"...)
	return append(file, "data\x00\x00\x00\x00"...)
}

// part is one thing that a request can hold besides text.
type part struct {
	json string
	// pictures, sounds and dropped are how many there are, and how much media data is no text.
	pictures, sounds int64
	dropped          int
	// unweighed is a word of what the part is called whose size is not known, "" when it can be weighed.
	unweighed string
}

// parts are in the words of every dialect.
var parts = map[string]part{
	"picture by address":            {`{"type":"image_url","image_url":{"url":"https://example.com/a.png"}}`, 1, 0, 0, ""},
	"picture within":                {`{"type":"image_url","image_url":{"url":"data:image/png;base64,` + pixels + `"}}`, 1, 0, len(pixels), ""},
	"picture, escaped":              {`{"type":"image_url","image_url":{"url":"data:image\/png;base64,` + pixels + `"}}`, 1, 0, len(pixels), ""},
	"input_image within":            {`{"type":"input_image","image_url":"data:image/jpeg;base64,` + pixels + `","detail":"auto"}`, 1, 0, len(pixels), ""},
	"input_image by id":             {`{"type":"input_image","file_id":"file-1"}`, 1, 0, 0, ""},
	"screenshot":                    {`{"type":"computer_screenshot","image_url":"data:image/png;base64,` + pixels + `"}`, 1, 0, len(pixels), ""},
	"Anthropic's picture":           {`{"type":"image","source":{"type":"base64","media_type":"image/png","data":"` + pixels + `"}}`, 1, 0, len(pixels), ""},
	"Anthropic's picture by id":     {`{"type":"image","source":{"type":"file","file_id":"file_1"}}`, 1, 0, 0, ""},
	"Anthropic's picture by URL":    {`{"type":"image","source":{"type":"url","url":"https://example.com/a.png"}}`, 1, 0, 0, ""},
	"a type that lies":              {`{"type":"text","text":"hi","image_url":{"url":"https://example.com/a.png"}}`, 1, 0, 0, ""},
	"a page as a picture":           {`{"type":"image_url","image_url":{"url":"data:application/pdf;base64,` + pages + `"}}`, 1, 0, 0, "image_url: data that is no picture"},
	"a page as Anthropic's picture": {`{"type":"image","source":{"type":"base64","media_type":"application/pdf","data":"` + pages + `"}}`, 1, 0, 0, "application/pdf"},

	"sound in MP3":               {`{"type":"input_audio","input_audio":{"data":"` + mp3 + `","format":"mp3"}}`, 0, 1, len(mp3), ""},
	"sound in FLAC":              {`{"type":"input_audio","input_audio":{"data":"` + flac + `","format":"mp3"}}`, 0, 1, len(flac), "sound of a format"},
	"sound by address":           {`{"type":"audio_url","audio_url":{"url":"https://example.com/a.mp3"}}`, 0, 0, 0, "sound that is not within"},
	"sound in a data URL":        {`{"type":"audio_url","audio_url":{"url":"data:audio/mpeg;base64,` + mp3 + `"}}`, 0, 1, len(mp3), ""},
	"what an assistant has said": {`{"role":"assistant","audio":{"id":"audio_1"}}`, 0, 0, 0, "sound that is not within"},

	"file by id":             {`{"type":"file","file":{"file_id":"file-1"}}`, 0, 0, 0, "file"},
	"file within":            {`{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,` + pages + `"}}`, 0, 0, len(pages), "file"},
	"file of text":           {`{"type":"file","file":{"filename":"a.txt","file_data":"data:text/plain;base64,aGk="}}`, 0, 0, 0, ""},
	"input_file by id":       {`{"type":"input_file","file_id":"file-1"}`, 0, 0, 0, "input_file"},
	"input_file by address":  {`{"type":"input_file","file_url":"https://example.com/a.pdf"}`, 0, 0, 0, "input_file"},
	"input_file within":      {`{"type":"input_file","filename":"a.pdf","file_data":"data:application/pdf;base64,` + pages + `"}`, 0, 0, len(pages), "input_file"},
	"document by address":    {`{"type":"document","source":{"type":"url","url":"https://example.com/a.pdf"}}`, 0, 0, 0, "document"},
	"document by id":         {`{"type":"document","source":{"type":"file","file_id":"file_1"}}`, 0, 0, 0, "document"},
	"document within":        {`{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"` + pages + `"}}`, 0, 0, len(pages), "document"},
	"document of text":       {`{"type":"document","source":{"type":"text","media_type":"text/plain","data":"hi"},"title":"a"}`, 0, 0, 0, ""},
	"document of parts":      {`{"type":"document","source":{"type":"content","content":[{"type":"text","text":"hi"}]}}`, 0, 0, 0, ""},
	"document with nothing":  {`{"type":"document"}`, 0, 0, 0, "document"},
	"container upload":       {`{"type":"container_upload","file_id":"file_1"}`, 0, 0, 0, "container_upload"},
	"Mistral's document":     {`{"type":"document_url","document_url":"https://example.com/a.pdf"}`, 0, 0, 0, "document_url"},
	"video":                  {`{"type":"video_url","video_url":{"url":"https://example.com/a.mp4"}}`, 0, 0, 0, "video_url"},
	"Gemini's data":          {`{"inline_data":{"mime_type":"application/pdf","data":"` + pages + `"}}`, 0, 0, 0, "application/pdf"},
	"Gemini's file":          {`{"fileData":{"mimeType":"video/mp4","fileUri":"https://example.com/a"}}`, 0, 0, 0, "filedata"},
	"Gemini's cache":         {`{"type":"text","text":"hi","cachedContent":"cachedContents/c"}`, 0, 0, 0, "text"},
	"reference":              {`{"type":"item_reference","id":"msg_1"}`, 0, 0, 0, "item_reference"},
	"what nobody knows":      {`{"type":"hologram","ref":"h_1"}`, 0, 0, 0, "hologram"},
	"a file of another name": {`{"type":"text","text":"hi","File_ID":"file-1"}`, 0, 0, 0, "text"},
	"an escaped name":        {`{"type":"text","text":"hi","f\u0069le_id":"file-1"}`, 0, 0, 0, "text"},
	"a folded name":          {`{"type":"text","text":"hi","fıle_id":"file-1"}`, 0, 0, 0, "text"},
}

// positions are where dialects let parts stand; PART is the part.
var positions = map[string]string{
	"a chat's message":           `{"messages":[{"role":"user","content":[PART]}]}`,
	"after text":                 `{"messages":[{"role":"user","content":"hi"},{"role":"user","content":[{"type":"text","text":"hi"},PART]}]}`,
	"a tool's message":           `{"messages":[{"role":"tool","tool_call_id":"1","content":[PART]}]}`,
	"what a tool returned":       `{"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"1","content":[PART]}]}]}`,
	"a fetched page":             `{"messages":[{"role":"assistant","content":[{"type":"web_fetch_tool_result","content":{"type":"web_fetch_result","content":PART}}]}]}`,
	"instructions":               `{"system":[PART],"messages":[]}`,
	"a document's own parts":     `{"messages":[{"role":"user","content":[{"type":"document","source":{"type":"content","content":[PART]}}]}]}`,
	"an item's content":          `{"input":[{"role":"user","content":[PART]}]}`,
	"an item":                    `{"input":["hi",PART]}`,
	"what a function returned":   `{"input":[{"type":"function_call_output","call_id":"1","output":[PART]}]}`,
	"what a custom tool did":     `{"input":[{"type":"custom_tool_call_output","call_id":"1","output":[PART]}]}`,
	"capitals and camels":        `{"Messages":[{"Content":[PART]}]}`,
	"names that fold":            `{"mes\u0073ages":[{"content":[PART]}]}`,
	"white space":                "{ \"messages\" :\n[ {\t\"content\" : [ PART ] } ] }",
	"a text that has quotes":     `{"messages":[{"content":[{"type":"text","text":"\\\"]}],"},PART]}]}`,
	"behind an odd number":       `{"messages":[1,null,true,[],{},{"content":[PART]}]}`,
	"lists in lists":             `{"messages":[{"content":[[[PART]]]}]}`,
	"behind empty media":         `{"messages":[{"content":[{"type":"text","text":"a","audio":null,"file_id":"","image_url":{}}]},{"content":[PART]}]}`,
	"beside a tool's schema":     `{"tools":[{"type":"function","function":{"name":"f","parameters":{"properties":{"file_id":{"type":"string"}}}}}],"messages":[{"content":[PART]}]}`,
	"beside a tool call's input": `{"messages":[{"content":[{"type":"tool_use","input":{"file":"a","type":"document"}},PART]}]}`,
}

func TestFind_everyPartInEveryPosition(t *testing.T) {
	for name, part := range parts {
		for position, body := range positions {
			t.Run(name+" in "+position, func(t *testing.T) {
				whole := strings.Replace(body, "PART", part.json, 1)
				if !json.Valid([]byte(whole)) {
					t.Fatalf("no JSON: %.300s", whole)
				}
				check(t, part, whole)
			})
		}
	}
}

type reporter interface{ Errorf(string, ...any) }

func check(t reporter, part part, body string) {
	got := content.Find([]byte(body))
	if got.Pictures != part.pictures || got.Sounds != part.sounds {
		t.Errorf("%d pictures and %d sounds, want %d and %d", got.Pictures, got.Sounds, part.pictures, part.sounds)
	}
	word := part.unweighed[strings.Index(part.unweighed, ":")+1:]
	switch {
	case part.unweighed == "" && got.Unweighed != nil:
		t.Errorf("cannot weigh %s", got.Unweighed)
	case part.unweighed != "" && (got.Unweighed == nil || !strings.Contains(got.Unweighed.String(), strings.TrimSpace(word))):
		t.Errorf("unweighed %v, want %s", got.Unweighed, word)
	}
	if dropped := got.DataLength(); dropped > 0 != (part.dropped > 0) || dropped < int64(part.dropped) || dropped > int64(part.dropped)+40 {
		t.Errorf("%d bytes count as no text, want %d", dropped, part.dropped)
	}
	rest := got.Without([]byte(body))
	if !json.Valid(rest) || len(rest) != len(body)-int(got.DataLength())+2*len(got.Data) {
		t.Errorf("without media: %.300s", rest)
	}
}

// Wherever a part is planted, however deep, it is found and named.
func TestFind_whereverItIsPlanted(t *testing.T) {
	var names []string
	for name := range parts {
		names = append(names, name)
	}
	rapid.Check(t, func(t *rapid.T) {
		part := parts[rapid.SampledFrom(names).Draw(t, "part")]
		body := part.json
		for range rapid.IntRange(0, 20).Draw(t, "depth") {
			body = rapid.SampledFrom([]string{
				`{"type":"tool_result","content":[%s]}`, `{"type":"tool_result","content":[{"type":"text","text":"a"},%s,{"type":"text","text":"]}\\"}]}`,
				`{"type":"function_call_output","output":[%s]}`, `{"role":"user","content":[%s]}`, `[%s]`, `["a",null,%s]`,
				`{"type":"document","source":{"type":"content","content":[%s]}}`,
			}).Draw(t, "wrap")
			body = fmt.Sprintf(body, part.json)
			part.json = body
		}
		root := rapid.SampledFrom([]string{`{"messages":[%s]}`, `{"model":"m","input":[%s],"stream":true}`, `{"system":[%s]}`}).Draw(t, "root")
		check(t, part, fmt.Sprintf(root, body))
	})
}

// What is text for every vendor is text, whatever it looks like: an agent's calls are not media.
func TestFind_textIsText(t *testing.T) {
	for name, body := range map[string]string{
		"schemas":         `{"tools":[{"name":"read","input_schema":{"properties":{"file":{"type":"string"},"image":{"type":"object"},"file_id":{"type":"x"}}}},{"type":"function","function":{"name":"f","parameters":{"properties":{"document":{}}}}}],"messages":[]}`,
		"calls":           `{"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"read","input":{"file":"a.go","image_url":"data:image/png;base64,AAAA","type":"document"}}]}]}`,
		"calls of chats":  `{"messages":[{"role":"assistant","content":null,"audio":null,"refusal":null,"annotations":[{"type":"file_citation","file_id":"f"}],"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{\"file_id\":1}"}}]}]}`,
		"items":           `{"input":[{"type":"message","role":"user","content":[{"type":"input_text","text":"a"}]},{"type":"reasoning","id":"rs","summary":[{"type":"summary_text","text":"b"}],"encrypted_content":"gAAA"},{"type":"reasoning","summary":[],"encrypted_content":null},{"type":"function_call","id":"fc","call_id":"1","name":"f","arguments":"{}"},{"type":"local_shell_call","id":"l","call_id":"2","action":{"type":"exec","env":{"FILE":"a","IMAGE":"b"}}},{"type":"web_search_call","id":"ws","status":"completed","action":{"type":"search","query":"q"}},{"type":"custom_tool_call","call_id":"3","input":"*** Begin"},{"type":"shell_call_output","call_id":"4","output":[{"stdout":"a","stderr":"","outcome":{"type":"exit","exit_code":0}}]},{"type":"file_search_call","id":"f","queries":["q"],"results":[{"file_id":"f","text":"t"}]}]}`,
		"searches":        `{"messages":[{"role":"assistant","content":[{"type":"server_tool_use","id":"s","name":"web_search","input":{"query":"q"}},{"type":"web_search_tool_result","tool_use_id":"s","content":[{"type":"web_search_result","url":"https://a","title":"b","encrypted_content":"c"}]},{"type":"web_search_tool_result","content":{"type":"web_search_tool_result_error","error_code":"x"}},{"type":"text","text":"t","citations":[{"type":"char_location","file_id":null,"document_index":0}]},{"type":"code_execution_tool_result","content":{"type":"code_execution_result","content":[{"type":"code_execution_output","file_id":"f"}]}}]}]}`,
		"search results":  `{"messages":[{"role":"user","content":[{"type":"search_result","source":"https://a","title":"b","content":[{"type":"text","text":"c"}]}]}]}`,
		"options":         `{"audio":{"voice":{"id":"v"},"format":"mp3"},"metadata":{"file_id":"f"},"response_format":{"type":"json_schema","json_schema":{"schema":{"properties":{"file":{}}}}},"messages":[],"thinking":{"type":"enabled"},"context_management":{"edits":[{"type":"clear_tool_uses_20250919","trigger":{"type":"input_tokens","value":1}}]}}`,
		"embeddings":      `{"input":["a","b"],"encoding_format":"float"}`,
		"token numbers":   `{"input":[[1,2],[3]],"prompt":[1,2]}`,
		"no JSON":         `{"messages":[{"content":`,
		"colons, commas":  `{,:"a":,"messages":[,:],"b"}`,
		"quoted thoughts": `{"messages":[{"role":"assistant","content":[{"type":"thinking","thinking":"t","signature":"s"},{"type":"redacted_thinking","data":"AAAA"}],"thinking_blocks":[{"type":"thinking"}],"reasoning_details":[{"type":"reasoning.encrypted","data":"x"}]}]}`,
	} {
		got := content.Find([]byte(body))
		if got.Unweighed != nil || got.Pictures != 0 || got.Sounds != 0 || len(got.Data) != 0 || len(got.Tools) != 0 {
			t.Errorf("%s: %+v %v", name, got, got.Unweighed)
		}
	}
}

// References of /v1/responses name what the provider keeps.
func TestFind_references(t *testing.T) {
	for item, unweighed := range map[string]bool{
		`{"id":"msg_1"}`: true, `{"id":"msg_1","type":null}`: true, `{"id":"msg_1","type":"message","status":"completed"}`: true,
		`{"id":"rs_1","type":"reasoning","summary":[]}`:                           true,
		`{"id":"rs_1","type":"reasoning","summary":[],"encrypted_content":"gAA"}`: false,
		`{"id":"m","type":"message","role":"assistant","content":"hi"}`:           false,
		`{"id":"i","type":"image_generation_call","result":null}`:                 false,
	} {
		if got := content.Find([]byte(`{"input":[` + item + `]}`)); (got.Unweighed != nil) != unweighed {
			t.Errorf("%s: %v", item, got.Unweighed)
		}
	}
	if got := content.Find([]byte(`{"input":[{"id":"i","type":"image_generation_call","result":"` + pixels + `"}]}`)); got.Pictures != 1 || got.DataLength() == 0 {
		t.Errorf("a picture that was made before: %+v", got)
	}
}

// No data is left out of the text in a place where a server may write it into the prompt as it stands.
func TestFind_textIsNotLeftOut(t *testing.T) {
	long := strings.Repeat("x", 50_000)
	for name, body := range map[string]string{
		"a schema":               `{"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"image_url","image_url":{"url":"data:image/png;base64,` + long + `"}}}}]}`,
		"a call":                 `{"messages":[{"content":[{"type":"tool_use","input":{"type":"image_url","image_url":{"url":"data:image/png;base64,` + long + `"}}}]}]}`,
		"an unknown member":      `{"documents":[{"type":"image_url","image_url":{"url":"data:image/png;base64,` + long + `"}}],"messages":[]}`,
		"a second type":          `{"messages":[{"content":[{"type":"image_url","type":"text","image_url":{"url":"data:image/png;base64,` + long + `"}}]}]}`,
		"a type of text":         `{"messages":[{"content":[{"type":"text","text":"hi","image_url":{"url":"data:image/png;base64,` + long + `"}}]}]}`,
		"no type":                `{"messages":[{"content":[{"image_url":{"url":"data:image/png;base64,` + long + `"}}]}]}`,
		"a message's own member": `{"messages":[{"role":"user","content":"hi","image_url":"data:image/png;base64,` + long + `"}]}`,
		"text for a picture":     `{"messages":[{"content":[{"type":"image_url","image_url":{"url":"data:text/plain;base64,` + long + `"}}]}]}`,
		"a second address":       `{"messages":[{"content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AA","url":"` + long + `"}}]}]}`,
		"a document of text":     `{"messages":[{"content":[{"type":"document","source":{"type":"text","media_type":"text/plain","data":"` + long + `"}}]}]}`,
	} {
		got := content.Find([]byte(body))
		if left := len(got.Without([]byte(body))); left < 50_000 {
			t.Errorf("%s: %d bytes left", name, left)
		}
	}
}

func TestFind_tools(t *testing.T) {
	for tools, want := range map[string]string{
		`"tools":[{"type":"function","function":{"name":"f"}},{"name":"g","input_schema":{}},{"type":"custom","name":"h"}]`:  "[]",
		`"tools":[{"type":"web_search_20250305","name":"web_search","max_uses":5}]`:                                          "[{web_search_20250305 tools[0] 5 0  }]",
		`"Tools":[{"Type":"web_search","Search_Context_Size":"high"}]`:                                                       "[{web_search Tools[0] 0 0 high }]",
		`"tools":[{"type":"namespace","name":"n","tools":[{"type":"function","name":"f"},{"type":"mcp","server_url":"x"}]}]`: "[{mcp tools[0].tools[1] 0 0  }]",
		`"tools":[{"google_search":{}}]`:                                                 "[{google_search tools[0] 0 0  }]",
		`"tools":[{"functionDeclarations":[{"name":"f"}]}]`:                              "[]",
		`"tools":{"web_search":{}}`:                                                      "[{web_search tools 0 0  }]",
		`"tools":["web_search"]`:                                                         "[{web_search tools[0] 0 0  }]",
		`"tools":[[{"type":"web_search"}]]`:                                              "[{web_search tools[0][0] 0 0  }]",
		`"tools":[{"type":"function","type":"web_search","name":"f"}]`:                   "[{of several types tools[0] 0 0  }]",
		`"tools":[{"type":"shell","environment":{"type":"container_auto"}}]`:             "[{shell tools[0] 0 0  container_auto}]",
		`"input":[{"type":"tool_search_output","tools":[{"type":"web_search"}]}]`:        "[{web_search input[0].tools[0] 0 0  }]",
		`"tools":[{"type":"web_fetch_20250910","max_uses":2,"max_content_tokens":3000}]`: "[{web_fetch_20250910 tools[0] 2 3000  }]",
		// What is said twice in two spellings is taken for what would cost the most.
		`"tools":[{"type":"web_fetch_20250910","max_uses":2,"Max_Uses":9,"max_content_tokens":1,"maxContentTokens":3000}]`: "[{web_fetch_20250910 tools[0] 9 3000  }]",
		`"tools":[{"type":"web_fetch_20250910","max_content_tokens":1e9,"Max_Content_Tokens":1}]`:                          "[{web_fetch_20250910 tools[0] 0 0  }]",
		`"tools":[{"type":"web_search","search_context_size":"high","Search_Context_Size":"low"}]`:                         "[{web_search tools[0] 0 0 of several sizes }]",
		`"tools":[{"type":"shell","environment":{"type":"container_auto"},"Environment":{"type":"local"}}]`:                "[{shell tools[0] 0 0  of several kinds}]",
		`"tools":[{"type":"shell","environment":{"type":"container_auto","Type":"local"}}]`:                                "[{shell tools[0] 0 0  of several kinds}]",
		// A name beside it makes no function of what a provider runs, and one object may have several.
		`"tools":[{"googleSearch":{},"name":"f"}]`:                             "[{googleSearch tools[0] 0 0  }]",
		`"tools":[{"google_search":{},"url_context":{}}]`:                      "[{google_search tools[0] 0 0  } {url_context tools[0] 0 0  }]",
		`"tools":[{"functionDeclarations":[{"name":"f"}],"codeExecution":{}}]`: "[{codeExecution tools[0] 0 0  }]",
		`"tools":[{"type":"function","name":"f","googleSearch":{}}]`:           "[{googleSearch tools[0] 0 0  }]",
		`"tools":[{"type":"web_search","web_search":{"enable":true}}]`:         "[{web_search tools[0] 0 0  }]",
		// Of what nobody knows, an object counts as a tool, whatever stands beside it.
		`"tools":[{"future_search":{},"google_search":{}}]`:                                                                        "[{google_search tools[0] 0 0  } {future_search tools[0] 0 0  }]",
		`"tools":[{"google_search":{},"future_search":{"a":[1]}}]`:                                                                 "[{google_search tools[0] 0 0  } {future_search tools[0] 0 0  }]",
		`"tools":[{"googleSearch":{},"mcpServers":[ {"name":"m"}]}]`:                                                               "[{googleSearch tools[0] 0 0  } {mcpServers tools[0] 0 0  }]",
		`"tools":[{"functionDeclarations":[{"name":"f","response":{}}],"future_search":{}}]`:                                       "[{future_search tools[0] 0 0  }]",
		`"tools":[{"name":"f","input_schema":{},"future_search":{}}]`:                                                              "[{future_search tools[0] 0 0  }]",
		`"tools":[{"type":"function","function":{"name":"f"},"future_search":{}}]`:                                                 "[{future_search tools[0] 0 0  }]",
		`"tools":[{"future_a":{},"future_b":{}}]`:                                                                                  "[{future_a tools[0] 0 0  } {future_b tools[0] 0 0  }]",
		`"tools":[{"type":"web_search","filters":{},"user_location":{}}]`:                                                          "[{web_search tools[0] 0 0  }]",
		`"tools":[{"google_search":{},"cache_control":{},"more":null,"few":[],"strict":true}]`:                                     "[{google_search tools[0] 0 0  }]",
		`"tools":[{"name":"f","input_schema":{},"cache_control":{},"input_examples":[{}],"allowed_callers":["a"],"strict":true}]`:  "[]",
		`"tools":[{"type":"custom","name":"f","format":{"type":"grammar"}},{"type":"custom","custom":{}},{"custom":{"name":"f"}}]`: "[]",
		`"tools":null`: "[]", `"tools":[null,1]`: "[]",
	} {
		got := content.Find([]byte("{" + tools + "}"))
		if listed := fmt.Sprint(got.Tools); listed != want {
			t.Errorf("%s: %s, want %s", tools, listed, want)
		}
	}
}

func TestFind_whatIsNestedTooDeepIsNotFree(t *testing.T) {
	deep := strings.Repeat("[", 500) + `{"type":"document"}` + strings.Repeat("]", 500)
	if got := content.Find([]byte(`{"messages":` + deep + `}`)); got.Unweighed == nil {
		t.Error("nothing is unweighed")
	}
}

// Sound is weighed by its header only where the header agrees with itself.
func TestPCMRate(t *testing.T) {
	for name, test := range map[string]struct {
		header []byte
		want   int64
	}{
		"speech":             {wave(1, 1, 16_000, 32_000, 2, 16, 0), 32_000},
		"music":              {wave(1, 2, 44_100, 176_400, 4, 16, 0), 176_400},
		"floats":             {wave(3, 1, 48_000, 192_000, 4, 32, 0), 192_000},
		"a forged rate":      {wave(1, 1, 16_000, 4_000_000_000, 2, 16, 0), 0},
		"a forged block":     {wave(1, 1, 16_000, 16_000*60_000, 60_000, 16, 0), 0},
		"forged samples":     {wave(1, 1, 2_000_000_000, 4_000_000_000, 2, 16, 0), 0},
		"forged channels":    {wave(1, 60_000, 16_000, 16_000*120_000, 120_000, 16, 0), 0},
		"MP3 in a WAV":       {wave(0x55, 1, 16_000, 32_000, 2, 16, 0), 0},
		"no rate":            {wave(1, 1, 0, 0, 2, 16, 0), 0},
		"cut":                {wave(1, 1, 16_000, 32_000, 2, 16, 0)[:30], 0},
		"longer, of samples": {extensible(1), 32_000},
		"longer, of MP3":     {extensible(0x55), 0},
		"longer, cut":        {extensible(1)[:59], 0},
		"two formats":        {append(wave(1, 8, 192_000, 6_144_000, 32, 32, 0)[:48], wave(1, 1, 8_000, 8_000, 1, 8, 0)[12:]...), 0},
		"data before format": {[]byte("RIFF\x00\x00\x00\x00WAVEdata\x04\x00\x00\x00abcdfmt \x10\x00\x00\x00"), 0},
		"something else":     {[]byte("ID3 and so on, and so on"), 0},
		"nothing":            {nil, 0},
	} {
		if got := content.PCMRate(test.header); got != test.want {
			t.Errorf("%s: %d bytes a second, want %d", name, got, test.want)
		}
	}
	second := base64.StdEncoding.EncodeToString(wave(1, 1, 16_000, 32_000, 2, 16, 320_000))
	if got := content.Find([]byte(`{"messages":[{"content":[{"type":"input_audio","input_audio":{"data":"` + second + `","format":"wav"}}]}]}`)); got.SoundSeconds < 10 || got.SoundSeconds > 11 {
		t.Errorf("ten seconds: %+v", got)
	}
}

func TestFold(t *testing.T) {
	for _, name := range []string{"max_tokens", "Max_Tokens", "maxTokens", "max-tokens", "MAX_TOKENS", "max_token\u017f", "max_to\u212aens", "max_tokens_"} {
		if got := content.Fold(name); got != "maxtokens" {
			t.Errorf("%q folds to %q", name, got)
		}
	}
	if got := content.Fold("max_tökens"); got != "maxtökens" {
		t.Errorf("%q", got)
	}
}

func FuzzFind(f *testing.F) {
	for _, part := range parts {
		if len(part.json) < 500 {
			f.Add([]byte(`{"messages":[{"content":[` + part.json + `]}],"tools":[{"type":"a"}]}`))
		}
	}
	f.Add([]byte(`{"messages":[{"content":[{"image_url":`))
	f.Add([]byte("{\"tools\":[}{\"a\":\"\\"))
	f.Fuzz(func(t *testing.T, body []byte) {
		got := content.Find(body)
		end := 0
		for _, span := range got.Data {
			if span.Start < end || span.End <= span.Start || span.End > len(body) {
				t.Fatalf("spans %v of %d bytes", got.Data, len(body))
			}
			end = span.End
		}
		if json.Valid(body) && !json.Valid(got.Without(body)) {
			t.Fatalf("no JSON without media: %q", got.Without(body))
		}
	})
}

// FuzzFind_planted plants a part of every kind at a place that the fuzzer chooses: each byte of the way wraps what
// stands there once more.
func FuzzFind_planted(f *testing.F) {
	var names, wraps []string
	for name := range parts {
		names = append(names, name)
	}
	for _, position := range positions {
		if list, found := strings.CutPrefix(position, `{"messages":[`); found && json.Valid([]byte(strings.Replace(position, "PART", "{}", 1))) {
			wraps = append(wraps, strings.TrimSuffix(list, `]}`))
		}
	}
	slices.Sort(names)
	slices.Sort(wraps)
	wraps = append(wraps, `[PART]`, `{"content":[PART]}`, `{"type":"tool_result","content":[{"type":"text","text":"a"},PART]}`, `{"type":"function_call_output","output":[PART]}`)
	for i := range names {
		f.Add(uint8(i), []byte{0, byte(i), 9, 200})
	}
	f.Fuzz(func(t *testing.T, which uint8, way []byte) {
		part := parts[names[int(which)%len(names)]]
		body := part.json
		for _, step := range way[:min(len(way), 12)] { // below what is too deep
			body = strings.Replace(wraps[int(step)%len(wraps)], "PART", body, 1)
		}
		whole := `{"messages":[` + body + `]}`
		if !json.Valid([]byte(whole)) {
			return // a position of several messages within another
		}
		got := content.Find([]byte(whole))
		if got.Pictures != part.pictures || got.Sounds != part.sounds || part.unweighed != "" && got.Unweighed == nil {
			t.Errorf("%+v in %.600s", got, whole)
		}
	})
}

// BenchmarkFind walks through an agent's long conversation.
func BenchmarkFind(b *testing.B) {
	turn := `{"role":"assistant","content":[{"type":"text","text":"` + strings.Repeat("words and words ", 40) + `"},{"type":"tool_use","id":"toolu_1","name":"read","input":{"file":"a.go"}}]},` +
		`{"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_1","content":[{"type":"text","text":"` + strings.Repeat("line of code\\n", 80) + `"}]}]}`
	body := []byte(`{"messages":[` + strings.Repeat(turn+",", 250) + turn + `]}`)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		content.Find(body)
	}
}
