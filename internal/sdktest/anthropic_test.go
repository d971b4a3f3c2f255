package sdktest_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/anthropics/anthropic-sdk-go/option"
)

func tell(content string) anthropic.MessageNewParams {
	return anthropic.MessageNewParams{
		Model: "claude", MaxTokens: 50, Messages: []anthropic.MessageParam{anthropic.NewUserMessage(anthropic.NewTextBlock(content))},
	}
}

func TestAnthropic_forGo(t *testing.T) {
	g := startGateway(t)
	client := func(key string, attempts *counted) anthropic.Client {
		return anthropic.NewClient(option.WithAPIKey(key), option.WithBaseURL(g.URL()),
			option.WithHTTPClient(&http.Client{Transport: attempts}), option.WithMaxRetries(5))
	}
	open := client(g.open, &counted{})

	t.Run("message", func(t *testing.T) {
		answer, err := open.Messages.New(t.Context(), tell("fake: prompt_tokens=7 completion_tokens=3"))
		if err != nil {
			t.Fatal(err)
		}
		if text := strings.TrimSpace(answer.Content[0].Text); text != "the the the" || answer.Usage.OutputTokens != 3 {
			t.Errorf("%q, %+v", text, answer.Usage)
		}
	})
	t.Run("stream", func(t *testing.T) {
		stream := open.Messages.NewStreaming(t.Context(), tell("fake: completion_tokens=3"))
		var gathered anthropic.Message
		for stream.Next() {
			if err := gathered.Accumulate(stream.Current()); err != nil {
				t.Fatal(err)
			}
		}
		if err := stream.Err(); err != nil {
			t.Fatal(err)
		}
		if text := strings.TrimSpace(gathered.Content[0].Text); text != "the the the" {
			t.Errorf("%q", text)
		}
	})
	t.Run("tools", func(t *testing.T) {
		params := tell("fake: tool_calls=1")
		params.Tools = []anthropic.ToolUnionParam{{OfTool: &anthropic.ToolParam{Name: "weather"}}}
		answer, err := open.Messages.New(t.Context(), params)
		if err != nil {
			t.Fatal(err)
		}
		called := false
		for _, block := range answer.Content {
			called = called || (block.Type == "tool_use" && block.Name == "weather")
		}
		if !called {
			t.Errorf("%+v", answer.Content)
		}
	})
	for name, test := range map[string]struct {
		key  string
		want int
	}{
		"an unknown key":      {"sk-nobody", http.StatusUnauthorized},
		"an exhausted budget": {g.broke, http.StatusPaymentRequired},
	} {
		t.Run(name+" is an error and not retried", func(t *testing.T) {
			attempts := &counted{}
			refused := client(test.key, attempts)
			_, err := refused.Messages.New(t.Context(), tell("hi"))
			var failure *anthropic.Error
			if !errors.As(err, &failure) || failure.StatusCode != test.want || len(attempts.statuses) != 1 {
				t.Errorf("%v after %v", err, attempts.statuses)
			}
		})
	}
	t.Run("a rate limit is an error that says when to come back", func(t *testing.T) {
		once := client(g.once, &counted{})
		if _, err := once.Messages.New(t.Context(), tell("hi")); err != nil {
			t.Fatal(err)
		}
		_, err := once.Messages.New(t.Context(), tell("hi"), option.WithMaxRetries(0))
		var failure *anthropic.Error
		if !errors.As(err, &failure) || failure.StatusCode != http.StatusTooManyRequests || failure.Response.Header.Get("Retry-After") == "" {
			t.Errorf("%v", err)
		}
	})
}
