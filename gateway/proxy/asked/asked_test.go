package asked_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
	"github.com/bursarhq/terraform-provider-bursar/gateway/proxy/asked"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

func TestReader(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		parse func(*asked.Call, httpx.Object) error
		body  string
		// wrong is the field that the refusal names, "" for none.
		wrong string
		check func(asked.Call) bool
	}{
		"a chat": {
			asked.Chat, `{"model":"m","messages":[{}],"stream":true,"max_tokens":9,"max_completion_tokens":7,"n":2,"user":"ann"}`, "",
			func(c asked.Call) bool { return c.Stream && c.ClientCap == 7 && c.Choices == 2 && c.EndUser == "ann" },
		},
		"a chat without messages":      {asked.Chat, `{"model":"m","messages":[]}`, "messages", nil},
		"another spelling":             {asked.Chat, `{"model":"m","messages":[{}],"Max_Tokens":1}`, "Max_Tokens", nil},
		"the operator's to decide":     {asked.Chat, `{"model":"m","messages":[{}],"api_base":"x"}`, "api_base", nil},
		"a name that is a secret":      {asked.Chat, `{"model":"sk-0123456789abcdef0123","messages":[{}]}`, "model", nil},
		"completions have a cap":       {asked.Completions, `{"model":"m","prompt":["a","b"]}`, "", func(c asked.Call) bool { return c.ClientCap == 16 && c.Choices == 2 }},
		"inputs are counted":           {asked.Input, `{"model":"m","input":["a","b","c"]}`, "", func(c asked.Call) bool { return c.Inputs == 3 }},
		"no more pictures than that":   {asked.Images, `{"model":"m","prompt":"a","n":11}`, "n", nil},
		"a text to speak":              {asked.Speech, `{"model":"m","input":"häh"}`, "", func(c asked.Call) bool { return c.Most.Characters == 3 && c.Unbounded == 24 }},
		"Anthropic's price for speed":  {asked.Messages, `{"model":"m","messages":[{}],"speed":"fast"}`, "speed", nil},
		"a response is gone on from":   {asked.Responses, `{"model":"m","input":"a","previous_response_id":"r","store":false}`, "", func(c asked.Call) bool { return c.Previous == "r" && c.Unstored }},
		"nobody waits in a background": {asked.Responses, `{"model":"m","input":"a","background":true}`, "background", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			call := asked.New("")
			err := asked.Reader{Parse: test.parse}.Read(&call, []byte(test.body), http.Header{})
			if test.wrong == "" {
				if err != nil || !test.check(call) || call.Model != "m" {
					t.Errorf("%v, %+v", err, call)
				}
				return
			}
			if api.CodeOf(err) != api.Invalid || !strings.Contains(err.Error(), test.wrong) {
				t.Errorf("%v does not name %s", err, test.wrong)
			}
		})
	}
}

// A name that is longer than any model's is kept nowhere, wherever it stands.
func TestModel_tooLong(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("m", 256)
	inPath, inBody, inForm := asked.New(long), asked.New(""), asked.New("")
	form := "--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\n" + long +
		"\r\n--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nsound\r\n--b--\r\n"
	chat := asked.Reader{Parse: asked.Chat}
	for where, refused := range map[string]struct {
		err  error
		call *asked.Call
	}{
		"path": {chat.Read(&inPath, []byte(`{"model":"m","messages":[{}]}`), http.Header{}), &inPath},
		"body": {chat.Read(&inBody, []byte(`{"model":"`+long+`","messages":[{}]}`), http.Header{}), &inBody},
		"form": {inForm.ReadForm([]byte(form), "multipart/form-data; boundary=b", "b"), &inForm},
	} {
		if refused.err == nil || !strings.Contains(refused.err.Error(), "256 characters long, at most 255") || refused.call.Model != "" {
			t.Errorf("%s: %v, and %q is kept", where, refused.err, refused.call.Model)
		}
	}
}

func TestReader_thePathOutranksTheBody(t *testing.T) {
	t.Parallel()
	call := asked.New("of-the-path")
	reader := asked.Reader{Parse: asked.Chat, Header: []string{"Anthropic-Beta"}}
	header := http.Header{"Anthropic-Beta": {"a", "b"}, "Authorization": {"Bearer x"}}
	if err := reader.Read(&call, []byte(`{"model":"m","messages":[{}]}`), header); err != nil || call.Model != "of-the-path" {
		t.Errorf("%v, model %s", err, call.Model)
	}
	if len(call.Header) != 1 || call.Header.Get("Anthropic-Beta") != "a,b" {
		t.Errorf("%v goes along", call.Header)
	}
}

func TestReadForm(t *testing.T) {
	t.Parallel()
	form := func(parts string) []byte {
		return bytes.ReplaceAll([]byte(parts+"--b--\n"), []byte("\n"), []byte("\r\n"))
	}
	model := "--b\nContent-Disposition: form-data; name=\"model\"\n\nm\n"
	file := "--b\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\n\n" + strings.Repeat("x", 7500) + "\n"
	for name, test := range map[string]struct {
		body  []byte
		wrong string
	}{
		"whole":         {form(model + file), ""},
		"without sound": {form(model), "file"},
		"two models":    {form(model + model + file), "model"},
	} {
		call := asked.New("")
		err := call.ReadForm(test.body, "multipart/form-data; boundary=b", "b")
		if test.wrong == "" {
			if err != nil || call.Model != "m" || call.Most.AudioSeconds != 11 {
				t.Errorf("%s: %v, %+v", name, err, call.Most)
			}
			continue
		}
		if api.CodeOf(err) != api.Invalid || !strings.Contains(err.Error(), test.wrong) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := asked.FormBoundary("application/json"); api.CodeOf(err) != api.Invalid {
		t.Errorf("no form: %v", err)
	}
}
