// Package adapter makes keys with limits on gateways of each kind, through their documented API.
//
// It promises to use nothing but that API, and to say ErrCannot to what a gateway has no way for. Only Bursar's was run
// against the gateway itself; the others are written from their documentation and tested against servers that check what
// it says. It must never know a scenario.
package adapter

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"strings"
	"time"

	"github.com/go-resty/resty/v2"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
	"github.com/bursarhq/terraform-provider-bursar/internal/quotabench"
)

// Options say where a gateway is.
type Options struct {
	URL       string
	AdminKey  string
	Transport http.RoundTripper
}

// Kinds are the adapters by name; keys in a file are [Fixed].
var Kinds = map[string]func(Options) quotabench.Gateway{
	"bursar":  func(o Options) quotabench.Gateway { return bursar{liteLLM{newAPI(o), "bursar"}} },
	"litellm": func(o Options) quotabench.Gateway { return liteLLM{newAPI(o), "LiteLLM"} },
	"bifrost": func(o Options) quotabench.Gateway { return bifrost{newAPI(o)} },
}

// api is a JSON API with a key.
type api struct{ client *resty.Client }

func newAPI(o Options) api {
	client := resty.New().SetBaseURL(strings.TrimSuffix(o.URL, "/")).SetTimeout(time.Minute).SetHeader("Accept", "application/json")
	if o.AdminKey != "" {
		client.SetAuthToken(o.AdminKey)
	}
	if o.Transport != nil {
		client.SetTransport(o.Transport)
	}
	return api{client}
}

// ask sends a request and reads the answer into into, which may be nil.
func (a api) ask(ctx context.Context, method, path string, body, into any) error {
	request := a.client.R().SetContext(ctx)
	if body != nil {
		request.SetBody(body)
	}
	answer, err := request.Execute(method, path)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	if answer.IsError() {
		return fmt.Errorf("%s %s: %s: %.300s", method, path, answer.Status(), answer.Body())
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(answer.Body(), into); err != nil {
		return fmt.Errorf("%s %s: read the answer: %w", method, path, err)
	}
	return nil
}

// unique makes a name that no run before has used.
func unique(scenario string) string {
	return "quotabench-" + scenario + "-" + strings.ToLower(rand.Text()[:8])
}

// nanoOf reads dollars as gateways write them, many of which add them up in binary fractions.
func nanoOf(dollars float64) money.Nano { return money.Nano(math.Round(dollars * float64(money.USD))) }

// cannot says what a gateway has no way for.
func cannot(what string) error { return fmt.Errorf("%s: %w", what, quotabench.ErrCannot) }
