package litellm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	apiTimeout = time.Minute
	apiPage    = 100 // the most that LiteLLM answers at once
	maxAnswer  = 512 << 20
)

// admin reads LiteLLM's admin API.
type admin struct {
	address, key string
	http         http.Client
}

// FromAPI reads what a LiteLLM proxy says to its master key. It does not say what single calls cost, nor the credentials
// of models.
func FromAPI(ctx context.Context, address, key string) (estate Estate, err error) {
	a := admin{address: strings.TrimRight(address, "/"), key: key, http: http.Client{Timeout: apiTimeout}}
	if err := a.get(ctx, "/team/list", nil, &estate.Teams); err != nil {
		return estate, err
	}
	if err := a.pages(ctx, "/key/list", url.Values{"return_full_object": {"true"}, "size": {strconv.Itoa(apiPage)}}, func(page apiAnswer) {
		estate.Keys = append(estate.Keys, page.Keys...)
	}); err != nil {
		return estate, err
	}
	if err := a.pages(ctx, "/user/list", url.Values{"page_size": {strconv.Itoa(apiPage)}}, func(page apiAnswer) {
		estate.Users = append(estate.Users, page.Users...)
	}); err != nil {
		return estate, err
	}
	if err := a.get(ctx, "/budget/list", nil, &estate.Budgets); err != nil {
		return estate, err
	}
	for _, kind := range []struct {
		path string
		into any
	}{{"/organization/list", &estate.Organizations}, {"/project/list", &estate.Projects}, {"/customer/list", &estate.EndUsers}, {"/tag/list", &estate.Tags}} {
		if err := a.mayBe(ctx, kind.path, kind.into, &estate); err != nil {
			return estate, err
		}
	}
	estate.gather()
	return estate, a.models(ctx, &estate)
}

// mayBe reads a list that releases without its kind do not have, and that others tell only with a licence. Any other refusal
// is a failure: what was not read would be taken for nothing, and keys would lose what it says of them.
func (a *admin) mayBe(ctx context.Context, path string, into any, estate *Estate) error {
	err := a.get(ctx, path, nil, into)
	var refused *refusedError
	if !errors.As(err, &refused) {
		return err
	}
	switch refused.status {
	case http.StatusNotFound:
		return nil
	case http.StatusPaymentRequired, http.StatusForbidden:
		if estate.Unsaid == nil {
			estate.Unsaid = map[string]string{}
		}
		estate.Unsaid[path] = http.StatusText(refused.status)
		return nil
	}
	return fmt.Errorf("%w; nothing is imported, as what it says would be missing: try again when it answers, or import from its database, --from postgres://…", err)
}

// refusedError is an answer that is none to what was asked.
type refusedError struct {
	path   string
	status int
}

func (e *refusedError) Error() string {
	text := fmt.Sprintf("ask LiteLLM for %s: it answers %d %s", e.path, e.status, http.StatusText(e.status))
	switch e.status {
	case http.StatusUnauthorized, http.StatusForbidden:
		text += "; is the key its master key, or a proxy admin's?"
	case http.StatusNotFound:
		text += "; is this LiteLLM's address, without /v1 or /ui?"
	}
	return text
}

// apiAnswer is a page of a list.
type apiAnswer struct {
	Keys       []key  `json:"keys"`
	Users      []user `json:"users"`
	TotalPages int    `json:"total_pages"`
}

// gather takes what stands within teams to where the database has it, each key once.
func (e *Estate) gather() {
	known := map[string]bool{}
	for _, key := range e.Keys {
		known[key.Token] = true
	}
	for _, team := range e.Teams {
		e.Memberships = append(e.Memberships, team.Memberships...)
		for _, key := range team.Keys {
			if key.Token != "" && !known[key.Token] {
				known[key.Token] = true
				e.Keys = append(e.Keys, key)
			}
		}
	}
}

// models are those of the database; those of the file come with it.
func (a *admin) models(ctx context.Context, estate *Estate) error {
	var answer struct {
		Data []model `json:"data"`
	}
	if err := a.get(ctx, "/model/info", nil, &answer); err != nil {
		return err
	}
	for _, model := range answer.Data {
		if string(model.Info["db_model"]) == "true" {
			model.ModelID = model.Info.text("id")
			estate.Models = append(estate.Models, model)
		}
	}
	return nil
}

func (a *admin) pages(ctx context.Context, path string, query url.Values, take func(apiAnswer)) error {
	for number := 1; ; number++ {
		query.Set("page", strconv.Itoa(number))
		var page apiAnswer
		if err := a.get(ctx, path, query, &page); err != nil {
			return err
		}
		take(page)
		if number >= page.TotalPages {
			return nil
		}
	}
}

func (a *admin) get(ctx context.Context, path string, query url.Values, into any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, a.address+path+"?"+query.Encode(), http.NoBody)
	if err != nil {
		return fmt.Errorf("LiteLLM's address: %w", err)
	}
	request.Header.Set("Authorization", "Bearer "+a.key)
	response, err := a.http.Do(request)
	if err != nil {
		return fmt.Errorf("ask LiteLLM: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return &refusedError{path, response.StatusCode}
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, maxAnswer)).Decode(into); err != nil {
		return fmt.Errorf("read LiteLLM's answer to %s: %w", path, err)
	}
	return nil
}
