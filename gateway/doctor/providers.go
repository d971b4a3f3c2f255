package doctor

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
	"github.com/bursarhq/terraform-provider-bursar/gateway/safedial"
	"github.com/bursarhq/terraform-provider-bursar/gateway/upstream"
	"github.com/bursarhq/terraform-provider-bursar/internal/modelname"
)

// providers looks whether each provider of the configuration can be reached and takes its credential.
func (e *examination) providers(ctx context.Context) {
	if len(e.settings.Models) == 0 {
		e.add("providers", Warning, "the configuration has no models; those made through the API are not looked at here")
		return
	}
	client := upstream.NewClient(safedial.Reach{Operator: true}.Control, safedial.Reach{}.Control)
	defer client.Close()
	asked := map[string]bool{}
	for _, model := range e.settings.Models {
		if place := model.Upstream + " " + model.BaseURL + " " + model.APIKey; !asked[place] {
			asked[place] = true
			e.provider(ctx, model)
		}
		if e.options.Call {
			e.call(ctx, client, model)
		}
	}
}

// provider asks for the list of models, which costs nothing.
func (e *examination) provider(ctx context.Context, model config.Model) {
	about := "provider " + hostOf(model.BaseURL)
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, listOf(model), nil)
	if err != nil {
		e.add(about, Failed, "its address is not valid")
		return
	}
	sign(request.Header, model)
	answer, err := stay.Do(request)
	if err != nil {
		e.add(about, Failed, "it cannot be reached: %v; look at base_url, name service, proxy and certificates", reason(err))
		return
	}
	defer answer.Body.Close()
	switch {
	case answer.StatusCode == http.StatusUnauthorized, answer.StatusCode == http.StatusForbidden:
		e.add(about, Failed, "it refuses the credential of %s (%d); look at api_key", model.Name, answer.StatusCode)
	case answer.StatusCode >= http.StatusInternalServerError:
		e.add(about, Warning, "it can be reached and answers %d", answer.StatusCode)
	case answer.StatusCode == http.StatusOK:
		e.add(about, OK, "it can be reached and takes the credential of %s", model.Name)
	default: // not everybody lists models
		e.add(about, Unchecked, "it can be reached; whether it takes the credential of %s was not said (%d for a list of models); --call asks a model", model.Name, answer.StatusCode)
	}
}

// stay follows no redirects: a credential must not travel after a provider that moves.
var stay = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// listOf is where a provider lists its models.
func listOf(model config.Model) string {
	address := model.BaseURL + "/models"
	if model.Upstream == "azure" && !strings.HasSuffix(model.BaseURL, "/openai/v1") {
		address = model.BaseURL + "/openai/models"
	}
	if model.APIVersion != "" {
		address += "?api-version=" + url.QueryEscape(model.APIVersion)
	}
	return address
}

func sign(header http.Header, model config.Model) {
	switch {
	case model.APIKey == "":
	case model.Upstream == "anthropic":
		header.Set("X-Api-Key", model.APIKey)
		header.Set("Anthropic-Version", "2023-06-01")
	case model.Upstream == "azure":
		header.Set("Api-Key", model.APIKey)
	default:
		header.Set("Authorization", "Bearer "+model.APIKey)
	}
}

// speechless are words in the names of models that answer no chat.
var speechless = []string{"embed", "moderation", "whisper", "tts", "transcribe", "image", "dall-e", "rerank"}

// call asks a model for one token.
func (e *examination) call(ctx context.Context, client *upstream.Client, model config.Model) {
	about := "model " + model.Name
	name := model.UpstreamModel
	if modelname.IsPattern(model.Name) {
		rest, matches := modelname.Rest(model.Name, e.options.Model)
		if !matches {
			e.add(about, Unchecked, "it stands for many; name one of them with --model to call it")
			return
		}
		name = modelname.Fill(name, rest)
	}
	if slices.ContainsFunc(speechless, func(word string) bool { return strings.Contains(name, word) }) {
		e.add(about, Unchecked, "%s does not chat and was not called", name)
		return
	}
	body, err := json.Marshal(map[string]any{
		"model": name, "max_tokens": 1, "messages": []any{map[string]string{"role": "user", "content": "Hi"}},
	})
	if err != nil {
		e.add(about, Failed, "%v", err)
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 3*patience)
	defer cancel()
	answer, err := client.Send(ctx, upstream.Deployment{
		Model: model.Name, UpstreamModel: name, Provider: model.Upstream, BaseURL: model.BaseURL, APIVersion: model.APIVersion, APIKey: model.APIKey,
	}, upstream.Call{Wire: upstream.Chat, Path: "/chat/completions", Body: body, OutputCap: 1})
	if err != nil {
		e.add(about, Failed, "a call fails: %v", err)
		return
	}
	defer answer.Body.Close()
	said, _ := io.ReadAll(io.LimitReader(answer.Body, 400))
	if answer.StatusCode != http.StatusOK {
		e.add(about, Failed, "a call is answered %d: %s", answer.StatusCode, told(said, model))
		return
	}
	e.add(about, OK, "%s answers", name)
}

// told is what a provider said, on one line and without the credential, which some repeat.
func told(said []byte, model config.Model) string {
	text := strings.Join(strings.Fields(string(said)), " ")
	if model.APIKey != "" {
		text = strings.ReplaceAll(text, model.APIKey, "***")
	}
	return text
}

// reason leaves out the address of an error, which stands beside it and may hold a secret.
func reason(err error) error {
	if failed, ok := err.(*url.Error); ok { //nolint:errorlint // it is what the client returns
		return failed.Err
	}
	return err
}

func hostOf(address string) string {
	parsed, err := url.Parse(address)
	if err != nil {
		return "unknown"
	}
	return parsed.Host
}

// Worst is the worst state among findings.
func Worst(found []Finding) State {
	order := []State{OK, Unchecked, Warning, Failed}
	worst := 0
	for _, finding := range found {
		worst = max(worst, slices.Index(order, finding.State))
	}
	return order[worst]
}

// Text is the findings for a person, a line each.
func Text(found []Finding) string {
	var text strings.Builder
	for _, finding := range found {
		mark := string(finding.State)
		if finding.State == Failed {
			mark = "FAILED"
		}
		fmt.Fprintf(&text, "%-9s  %s: %s\n", mark, finding.About, finding.Text)
	}
	return text.String()
}
