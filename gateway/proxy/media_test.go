package proxy_test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// The model "pieces" costs 4 cents for a picture of 1024x1024 and 2 for one of 512x512, 15 dollars for a
// million characters, and 36 cents for an hour of sound.
const cent = money.USD / 100

func TestImages_areChargedByThePicture(t *testing.T) {
	for name, test := range map[string]struct {
		more string
		cost money.Nano
	}{
		"one of the usual size": {`,"size":"1024x1024"`, 4 * cent},
		"three small ones":      {`,"size":"512x512","n":3`, 6 * cent},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, nil)
			got := b.send("POST", "/v1/images/generations", `{"model":"pieces","prompt":"a cat"`+test.more+`}`, nil)
			if got.status != http.StatusOK || !strings.Contains(got.body, "b64_json") {
				t.Fatalf("%d %s", got.status, got.body)
			}
			if row := b.settled(); row.Cost != test.cost {
				t.Errorf("cost %s, want %s", row.Cost, test.cost)
			}
		})
	}
}

func TestImages_areChargedByTokensWhereTheyAreReported(t *testing.T) {
	for _, stream := range []string{"", `,"stream":true`} {
		b := newBench(t, nil)
		got := b.send("POST", "/v1/images/generations", `{"model":"m","prompt":"fake: prompt_tokens=10 completion_tokens=4160"`+stream+`}`, nil)
		if got.status != http.StatusOK || stream != "" && !strings.Contains(got.body, "image_generation.completed") {
			t.Fatalf("%d %s", got.status, got.body)
		}
		if row := b.settled(); row.Cost != 4170*perToken {
			t.Errorf("cost %s", row.Cost)
		}
	}
}

func TestImages_areReservedBeforehand(t *testing.T) {
	b := newBench(t, func(b *bench) { b.team.MaxBudget = new(10 * cent) })
	got := b.send("POST", "/v1/images/generations", `{"model":"pieces","prompt":"a cat","n":3}`, nil)
	if got.status != http.StatusForbidden {
		t.Errorf("three pictures of any size fit into ten cents: %d %s", got.status, got.body)
	}
	if got := b.send("POST", "/v1/images/generations", `{"model":"pieces","prompt":"a cat","n":2}`, nil); got.status != http.StatusOK {
		t.Errorf("%d %s", got.status, got.body)
	}
}

func TestSpeech_isChargedByTheCharacter(t *testing.T) {
	b := newBench(t, nil)
	got := b.send("POST", "/v1/audio/speech", `{"model":"pieces","input":"äöü hello","voice":"alloy"}`, nil)
	if got.status != http.StatusOK || got.header.Get("Content-Type") != "audio/mpeg" || got.body != strings.Repeat("snd.", 10) {
		t.Fatalf("%d %v %q", got.status, got.header, got.body)
	}
	if row := b.settled(); row.Cost != 9*15*money.USD/1_000_000 {
		t.Errorf("cost %s", row.Cost)
	}
}

func TestSpeech_streamsAreChargedByTheTokensReported(t *testing.T) {
	b := newBench(t, nil)
	got := b.send("POST", "/v1/audio/speech", `{"model":"m","input":"fake: prompt_tokens=20 completion_tokens=50","stream_format":"sse"}`, nil)
	if got.status != http.StatusOK || !strings.Contains(got.body, "speech.audio.done") {
		t.Fatalf("%d %s", got.status, got.body)
	}
	if row := b.settled(); row.Cost != 70*perToken {
		t.Errorf("row: %+v", row)
	}
}

func TestSpeech_aPageInsteadOfSoundIsAnError(t *testing.T) {
	b := newBench(t, nil)
	got := b.send("POST", "/v1/audio/speech", `{"model":"pieces","input":"fake: html","voice":"alloy"}`, nil)
	if detail := got.error(t); got.status != http.StatusBadGateway || detail.Type != "upstream_error" {
		t.Errorf("%d %s", got.status, got.body)
	}
	if row := b.settled(); row.Kind != api.LedgerSettle || row.Cost == 0 {
		t.Errorf("row: %+v", row)
	}
}

// An answer without an end mark is not ended when its cost is not recorded.
func TestSpeech_isCutWhenTheRecordIsDown(t *testing.T) {
	b := newBench(t, nil)
	b.setDown(true)
	request, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, b.gateway.URL+"/v1/audio/speech",
		strings.NewReader(`{"model":"pieces","input":"hello","voice":"alloy"}`))
	request.Header.Set("Authorization", "Bearer "+b.secret)
	response, err := b.gateway.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if _, err := new(bytes.Buffer).ReadFrom(response.Body); err == nil {
		t.Error("the answer ends as if all were well")
	}
}

// form is a transcription's body with a sound of so many bytes.
func form(t *testing.T, size int, fields ...string) (body string, header http.Header) {
	t.Helper()
	var buffer bytes.Buffer
	w := multipart.NewWriter(&buffer)
	file, err := w.CreateFormFile("file", "talk.mp3")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = file.Write(bytes.Repeat([]byte{0xff}, size))
	for i := 0; i < len(fields); i += 2 {
		_ = w.WriteField(fields[i], fields[i+1])
	}
	_ = w.Close()
	return buffer.String(), http.Header{"Content-Type": {w.FormDataContentType()}}
}

func TestTranscriptions_areChargedByTheSecond(t *testing.T) {
	for name, test := range map[string]struct {
		fields []string
		cost   money.Nano
		want   string
	}{
		"reported":     {[]string{"model", "pieces", "prompt", "fake: prompt_tokens=30 completion_tokens=2"}, 30 * cent / 100, `"text":" the the"`},
		"streamed":     {[]string{"model", "pieces", "prompt", "fake: prompt_tokens=30", "stream", "true"}, 30 * cent / 100, "transcript.text.done"},
		"not reported": {[]string{"model", "pieces", "response_format", "text"}, 11 * cent / 100, " the the"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, nil)
			body, header := form(t, 40_000, test.fields...)
			got := b.send("POST", "/v1/audio/transcriptions", body, header)
			if got.status != http.StatusOK || !strings.Contains(got.body, test.want) {
				t.Fatalf("%d %s", got.status, got.body)
			}
			if row := b.settled(); row.Cost != test.cost {
				t.Errorf("cost %s, want %s", row.Cost, test.cost)
			}
			forwarded := string(b.upstream.Requests()[0].Body)
			if !strings.Contains(forwarded, "\r\n\r\nreal-m\r\n") || strings.Contains(forwarded, "pieces") || strings.Count(forwarded, "\xff") != 40_000 {
				t.Errorf("forwarded %d bytes: %.300q", len(forwarded), forwarded)
			}
		})
	}
}

func TestTranscriptions_badFormsAreOneClearError(t *testing.T) {
	b := newBench(t, nil)
	whole, header := form(t, 10, "model", "pieces")
	twice, twiceHeader := form(t, 10, "model", "pieces", "model", "m")
	none, noneHeader := form(t, 10)
	large, largeHeader := form(t, 27<<20, "model", "pieces")
	for name, test := range map[string]struct {
		body   string
		header http.Header
		status int
		want   string
	}{
		"JSON":     {`{}`, nil, 400, "must be a form"},
		"cut":      {whole[:len(whole)-40], header, 400, "not whole"},
		"twice":    {twice, twiceHeader, 400, "model is given twice"},
		"no model": {none, noneHeader, 400, "model is required"},
		"large":    {large, largeHeader, 413, "larger than the limit"},
		"no file":  {strings.ReplaceAll(whole, `name="file"`, `name="fill"`), header, 400, "file is required"},
	} {
		t.Run(name, func(t *testing.T) {
			got := b.send("POST", "/v1/audio/transcriptions", test.body, test.header)
			if detail := got.error(t); got.status != test.status || !strings.Contains(detail.Message, test.want) {
				t.Errorf("%d %s", got.status, got.body)
			}
		})
	}
	if n := len(b.upstream.Requests()); n != 0 {
		t.Errorf("%d requests were forwarded", n)
	}
}
