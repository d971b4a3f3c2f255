package sdktest_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
)

// counted notes how each attempt of a client was answered.
type counted struct{ statuses []int }

func (c *counted) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := http.DefaultTransport.RoundTrip(request)
	if err == nil {
		c.statuses = append(c.statuses, response.StatusCode)
	}
	return response, err
}

func say(content string) openai.ChatCompletionNewParams {
	return openai.ChatCompletionNewParams{Model: "gpt", Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage(content)}}
}

func TestOpenAI_forGo(t *testing.T) {
	g := startGateway(t)
	client := func(key string, attempts *counted) openai.Client {
		return openai.NewClient(option.WithAPIKey(key), option.WithBaseURL(g.URL()+"/v1"),
			option.WithHTTPClient(&http.Client{Transport: attempts}), option.WithMaxRetries(5))
	}
	open := client(g.open, &counted{})

	t.Run("chat", func(t *testing.T) {
		answer, err := open.Chat.Completions.New(t.Context(), say("fake: prompt_tokens=7 completion_tokens=3"))
		if err != nil {
			t.Fatal(err)
		}
		if text := strings.TrimSpace(answer.Choices[0].Message.Content); text != "the the the" || answer.Usage.CompletionTokens != 3 {
			t.Errorf("%q, %+v", text, answer.Usage)
		}
	})
	t.Run("stream", func(t *testing.T) {
		stream := open.Chat.Completions.NewStreaming(t.Context(), say("fake: completion_tokens=3"))
		var gathered openai.ChatCompletionAccumulator
		for stream.Next() {
			gathered.AddChunk(stream.Current())
		}
		if err := stream.Err(); err != nil {
			t.Fatal(err)
		}
		if text := strings.TrimSpace(gathered.Choices[0].Message.Content); text != "the the the" {
			t.Errorf("%q", text)
		}
	})
	t.Run("tools", func(t *testing.T) {
		params := say("fake: tool_calls=1")
		params.Tools = []openai.ChatCompletionToolUnionParam{openai.ChatCompletionFunctionTool(openai.FunctionDefinitionParam{Name: "weather"})}
		answer, err := open.Chat.Completions.New(t.Context(), params)
		if err != nil {
			t.Fatal(err)
		}
		if calls := answer.Choices[0].Message.ToolCalls; len(calls) != 1 || calls[0].Function.Name != "weather" {
			t.Errorf("%+v", calls)
		}
	})
	t.Run("embeddings", func(t *testing.T) {
		answer, err := open.Embeddings.New(t.Context(), openai.EmbeddingNewParams{
			Model: "gpt", Input: openai.EmbeddingNewParamsInputUnion{OfString: openai.String("hello")},
		})
		if err != nil || len(answer.Data) != 1 || len(answer.Data[0].Embedding) == 0 {
			t.Fatalf("%+v, %v", answer, err)
		}
	})
	for name, test := range map[string]struct {
		key  string
		want int
	}{
		"an unknown key":      {"sk-nobody", http.StatusUnauthorized},
		"an exhausted budget": {g.broke, http.StatusForbidden},
	} {
		t.Run(name+" is an error and not retried", func(t *testing.T) {
			attempts := &counted{}
			refused := client(test.key, attempts)
			_, err := refused.Chat.Completions.New(t.Context(), say("hi"))
			var failure *openai.Error
			if !errors.As(err, &failure) || failure.StatusCode != test.want || failure.Message == "" || len(attempts.statuses) != 1 {
				t.Errorf("%v after %v", err, attempts.statuses)
			}
		})
	}
	t.Run("a rate limit is an error that says when to come back", func(t *testing.T) {
		once := client(g.once, &counted{})
		if _, err := once.Chat.Completions.New(t.Context(), say("hi")); err != nil {
			t.Fatal(err)
		}
		_, err := once.Chat.Completions.New(t.Context(), say("hi"), option.WithMaxRetries(0))
		var failure *openai.Error
		if !errors.As(err, &failure) || failure.StatusCode != http.StatusTooManyRequests || failure.Response.Header.Get("Retry-After") == "" {
			t.Errorf("%v", err)
		}
	})
	t.Run("what the upstream refuses for a moment is retried", func(t *testing.T) {
		attempts := &counted{}
		flaky := client(g.open, attempts)
		_, err := flaky.Chat.Completions.New(t.Context(), say("fake: fail=503"), option.WithMaxRetries(1))
		if err == nil || len(attempts.statuses) != 2 {
			t.Errorf("%v after %v", err, attempts.statuses)
		}
	})
}
