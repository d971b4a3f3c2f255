package main

import (
	"fmt"
	"strings"
)

// modelName is what clients ask for; the catalogue does not know it, the configuration prices it.
const modelName = "bench-model"

// request is a chat completion of about 500 bytes, as bytes on the wire.
type request struct {
	plain, stream []byte
}

func newRequest(addr, path, key string) request {
	prompt := strings.Repeat("What does a request cost when nobody looks? ", 8)
	body := func(extra string) []byte {
		json := fmt.Sprintf(`{"model":%q,"messages":[{"role":"system","content":"Answer briefly."},{"role":"user","content":%q}],`+
			`"max_tokens":64,"temperature":0.2%s}`, modelName, prompt, extra)
		return fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\n\r\n%s",
			path, addr, key, len(json), json)
	}
	return request{plain: body(""), stream: body(`,"stream":true,"stream_options":{"include_usage":true}`)}
}
