package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

// serveUpstream answers chat completions at once, with as little of the machine as it takes: it is in the way
// of all targets alike.
func serveUpstream(addr string) error {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	return answerEverybody(listener, 0)
}

// serveSlowUpstream is a provider as providers are: it speaks HTTPS, and takes its time.
func serveSlowUpstream(addr, certificate, key string) error {
	pair, err := tls.LoadX509KeyPair(certificate, key)
	if err != nil {
		return fmt.Errorf("load the certificate: %w", err)
	}
	listener, err := tls.Listen("tcp", addr, &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12})
	if err != nil {
		return err
	}
	return answerEverybody(listener, slowness)
}

// slowness is how long a provider takes that is as slow as providers are, or rather faster.
const slowness = 200 * time.Millisecond

func answerEverybody(listener net.Listener, delay time.Duration) error {
	go endWithParent()
	for {
		wire, err := listener.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer wire.Close()
			answerAll(wire, delay)
		}()
	}
}

func answerAll(wire net.Conn, delay time.Duration) {
	reader := bufio.NewReaderSize(wire, 16<<10)
	var body []byte
	for {
		length, err := requestLength(reader)
		if err != nil {
			return
		}
		body = append(body[:0], make([]byte, length)...)
		if _, err := io.ReadFull(reader, body); err != nil {
			return
		}
		answer := plainAnswer
		if bytes.Contains(body, []byte(`"stream":true`)) {
			answer = streamAnswer
		}
		if delay > 0 {
			time.Sleep(delay)
		}
		if _, err := wire.Write(answer); err != nil {
			return
		}
	}
}

func requestLength(reader *bufio.Reader) (length int, err error) {
	for {
		line, err := reader.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		if len(line) <= 2 {
			return length, nil
		}
		if len(line) > 16 && strings.EqualFold(string(line[:15]), "content-length:") {
			length = number(line[15:], 10)
		}
	}
}

var plainAnswer, streamAnswer = makePlainAnswer(), makeStreamAnswer()

func makePlainAnswer() []byte {
	body := fmt.Sprintf(`{"id":"chatcmpl-1","object":"chat.completion","created":1750000000,"model":%q,"choices":[{"index":0,"message":`+
		`{"role":"assistant","content":%q},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":90,"completion_tokens":60,`+
		`"total_tokens":150,"prompt_tokens_details":{"cached_tokens":0},"completion_tokens_details":{"reasoning_tokens":0}}}`,
		modelName, strings.Repeat("It costs what it costs. ", 30))
	return fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
}

func makeStreamAnswer() []byte {
	const event = `data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1750000000,"model":%q,"choices":[%s],"usage":%s}` + "\n\n"
	answer := []byte("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
	chunk := func(data string) { answer = fmt.Appendf(answer, "%x\r\n%s\r\n", len(data), data) }
	for range 20 {
		chunk(fmt.Sprintf(event, modelName, `{"index":0,"delta":{"content":"It costs "},"finish_reason":null}`, "null"))
	}
	chunk(fmt.Sprintf(event, modelName, "", `{"prompt_tokens":90,"completion_tokens":20,"total_tokens":110}`))
	chunk("data: [DONE]\n\n")
	return append(answer, "0\r\n\r\n"...)
}
