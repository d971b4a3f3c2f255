package proxy_test

import (
	"bytes"
	"encoding/binary"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
	"github.com/bursarhq/terraform-provider-bursar/internal/pricing"
)

// wavFile is a WAV file of so many bytes beside its header of 44.
func wavFile(kind, channels uint16, samples, rate uint32, block, bits uint16, size int) []byte {
	file := []byte("RIFF\x00\x00\x00\x00WAVEfmt \x10\x00\x00\x00")
	for _, number := range []any{kind, channels, samples, rate, block, bits} {
		file, _ = binary.Append(file, binary.LittleEndian, number)
	}
	return append(append(file, "data\x00\x00\x00\x00"...), make([]byte, size)...)
}

func soundForm(t *testing.T, sound []byte) (string, http.Header) {
	t.Helper()
	var buffer bytes.Buffer
	w := multipart.NewWriter(&buffer)
	_ = w.WriteField("model", "hears")
	_ = w.WriteField("response_format", "text")
	file, err := w.CreateFormFile("file", "talk.wav")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = file.Write(sound)
	_ = w.Close()
	return buffer.String(), http.Header{"Content-Type": {w.FormDataContentType()}}
}

// hears serves the model "hears" at a dollar for 100 seconds, or for a million tokens, by a provider that answers so.
func hears(t *testing.T, byTokens bool, kind, answer string) *bench {
	t.Helper()
	server := httptest.NewServer(whole(kind, answer))
	t.Cleanup(server.Close)
	return newBench(t, func(b *bench) {
		d := b.deployment("hears", server.URL)
		if !byTokens {
			d.Price = b.price(pricing.List{AudioHour: new(36 * money.USD)})
		}
		b.more = append(b.more, d)
	})
}

// The length of a sound is what its provider reports; else that of its samples, where the header agrees with itself;
// else it follows from the size. A forged header is worth nothing.
func TestSound_isBookedByItsLength(t *testing.T) {
	const tenSeconds = 320_000 // of 16,000 samples of two bytes
	bySize := money.Nano((tenSeconds+44)/4000 + 1)
	for name, test := range map[string]struct {
		sound  []byte
		answer string
		want   money.Nano // in seconds
	}{
		"reported":                {wavFile(1, 1, 16_000, 32_000, 2, 16, tenSeconds), `{"text":"hi","duration":1800.2}`, 1801},
		"reported in usage":       {wavFile(1, 1, 16_000, 32_000, 2, 16, tenSeconds), `{"text":"hi","usage":{"type":"duration","seconds":9}}`, 9},
		"reported as tokens":      {wavFile(1, 1, 16_000, 32_000, 2, 16, tenSeconds), `{"text":"hi","usage":{"type":"tokens","input_tokens":100,"output_tokens":2,"total_tokens":102}}`, 11},
		"samples":                 {wavFile(1, 1, 16_000, 32_000, 2, 16, tenSeconds), "hi", 11},
		"samples of music":        {wavFile(1, 2, 44_100, 176_400, 4, 16, tenSeconds), "hi", 2},
		"a forged rate of bytes":  {wavFile(1, 1, 16_000, 4_000_000_000, 2, 16, tenSeconds), "hi", bySize},
		"a forged size of blocks": {wavFile(1, 1, 16_000, 16_000*60_000, 60_000, 16, tenSeconds), "hi", bySize},
		"forged samples":          {wavFile(1, 1, 2_000_000_000, 4_000_000_000, 2, 16, tenSeconds), "hi", bySize},
		"forged channels":         {wavFile(1, 60_000, 16_000, 16_000*120_000, 60_000, 16, tenSeconds), "hi", bySize},
		"compressed":              {wavFile(0x55, 1, 16_000, 32_000, 2, 16, tenSeconds), "hi", bySize},
	} {
		t.Run(name, func(t *testing.T) {
			kind := "text/plain"
			if strings.HasPrefix(test.answer, "{") {
				kind = "application/json"
			}
			b := hears(t, false, kind, test.answer)
			body, header := soundForm(t, test.sound)
			if got := b.send("POST", "/v1/audio/transcriptions", body, header); got.status != http.StatusOK {
				t.Fatalf("%d %s", got.status, got.body)
			}
			if row := b.settled(); row.Cost != test.want*cent {
				t.Errorf("cost %s, want %s", row.Cost, test.want*cent)
			}
		})
	}
}

// A model that is charged by tokens is not free where the provider reports seconds.
func TestSound_isBookedByTokensWhereThoseAreCharged(t *testing.T) {
	for answer, want := range map[string]int64{
		`{"text":"hi","usage":{"type":"tokens","input_tokens":100,"output_tokens":2,"total_tokens":102}}`: 102,
		`{"text":"hi","duration":1800}`: 1800*20 + 2,
	} {
		b := hears(t, true, "application/json", answer)
		body, header := soundForm(t, wavFile(1, 1, 16_000, 32_000, 2, 16, 320_000))
		if got := b.send("POST", "/v1/audio/transcriptions", body, header); got.status != http.StatusOK {
			t.Fatalf("%d %s", got.status, got.body)
		}
		if row := b.settled(); row.Cost != money.Nano(want)*perToken {
			t.Errorf("%s: cost %s, want that of %d tokens", answer, row.Cost, want)
		}
	}
}

// Endpoints without an output cap have a bound as well.
func TestBelief_endpointsWithoutACap(t *testing.T) {
	b := hears(t, false, "application/json", `{"text":"hi","duration":900000000}`)
	body, header := soundForm(t, wavFile(1, 1, 16_000, 32_000, 2, 16, 320_000))
	if got := b.send("POST", "/v1/audio/transcriptions", body, header); got.status != http.StatusOK {
		t.Fatalf("%d %s", got.status, got.body)
	}
	if row := b.settled(); row.Cost != 24*60*60*cent || len(b.told("usage.impossible")) != 1 {
		t.Errorf("cost %s, told %v", row.Cost, b.told("usage.impossible"))
	}
	server := httptest.NewServer(whole("application/json", `{"data":[{"b64_json":"AA=="}],"usage":{"input_tokens":20,"output_tokens":900000000,"total_tokens":900000020}}`))
	defer server.Close()
	b = newBench(t, func(b *bench) { b.more = append(b.more, b.deployment("draws", server.URL)) })
	if got := b.send("POST", "/v1/images/generations", `{"model":"draws","prompt":"a cat"}`, nil); got.status != http.StatusOK {
		t.Fatalf("%d %s", got.status, got.body)
	}
	if row := b.settled(); row.CompletionTokens != 8192 || len(b.told("usage.impossible")) != 1 {
		t.Errorf("row: %+v", row)
	}
}

// A picture that a stream brought is charged by the piece where that is the price.
func TestImages_ofAStreamAreChargedByThePicture(t *testing.T) {
	event := "event: image_generation.completed\ndata: {\"type\":\"image_generation.completed\",\"b64_json\":\"AA==\",\"size\":\"1024x1024\",\"usage\":{\"input_tokens\":20,\"output_tokens\":100,\"total_tokens\":120}}\n\n"
	server := httptest.NewServer(whole("text/event-stream", event))
	defer server.Close()
	b := newBench(t, func(b *bench) {
		d := b.deployment("draws", server.URL)
		d.Price = b.price(pricing.List{Images: []pricing.ImagePrice{{Size: "1024x1024", Each: 4 * cent}}})
		b.more = append(b.more, d)
	})
	if got := b.send("POST", "/v1/images/generations", `{"model":"draws","prompt":"a cat","size":"1024x1024","stream":true}`, nil); got.status != http.StatusOK {
		t.Fatalf("%d %s", got.status, got.body)
	}
	if row := b.settled(); row.Cost != 4*cent {
		t.Errorf("cost %s", row.Cost)
	}
}
