// Package citoken gets the token that a CI platform gives to a job, so that the job needs no stored key.
//
// It promises a token that is for the audience asked for and does not end in the next moment, or an error that says what the
// job lacks and how the platform is told to give it. It never puts a token into an error. It must know no gateway and nothing
// of Terraform.
package citoken

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	// spare is how long a token has to last from when it is given out.
	spare = time.Minute
	// askTimeout is for asking a platform.
	askTimeout = 15 * time.Second
	// mostTokenBytes bounds what a platform's answer may have.
	mostTokenBytes = 64 << 10

	// DefaultVariable is where a token is looked for that no platform has a name for.
	DefaultVariable = "BURSAR_ID_TOKEN"
)

// Options say what token is wanted.
type Options struct {
	// Audience is whom the token has to be for.
	Audience string
	// Variable names the environment variable with the token; empty asks the platform that the program runs on.
	Variable string
	// Getenv reads the environment.
	Getenv func(name string) string
	// Client asks the platform; nil is one of its own.
	Client *http.Client
	// Now is the clock; nil is the system's.
	Now func() time.Time
}

// Source gives tokens. It may be used concurrently.
type Source struct {
	options Options
	mu      sync.Mutex
	token   string
	ends    time.Time
}

// New returns a source; it asks for nothing yet.
func New(options Options) *Source {
	if options.Client == nil {
		options.Client = &http.Client{Timeout: askTimeout}
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	return &Source{options: options}
}

// Token returns a token that lasts for a while. One that is about to end is followed by another, where the platform gives more
// than one.
func (s *Source) Token(ctx context.Context) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.token != "" && s.options.Now().Add(spare).Before(s.ends) {
		return s.token, nil
	}
	raw, from, err := s.find(ctx)
	if err != nil {
		return "", err
	}
	claims, err := readClaims(raw)
	if err != nil {
		return "", fmt.Errorf("what %s gives is no token of an identity provider: %w", from, err)
	}
	if !slices.Contains(claims.Audience, s.options.Audience) {
		return "", fmt.Errorf("the token of %s is for %q and not for the audience %q", from, strings.Join(claims.Audience, ", "), s.options.Audience)
	}
	ends := time.Unix(int64(claims.Expiry), 0)
	if !s.options.Now().Before(ends) {
		return "", fmt.Errorf("the token of %s has ended at %s; the job has to be given one that lasts for as long as it runs", from, ends.UTC().Format(time.RFC3339))
	}
	s.token, s.ends = raw, ends
	return raw, nil
}

// find is the token of the variable that is named, or of the platform that the program runs on.
func (s *Source) find(ctx context.Context) (raw, from string, err error) {
	env := s.options.Getenv
	if name := s.options.Variable; name != "" {
		if env(name) == "" {
			return "", "", fmt.Errorf("the environment variable %s, which is to have the token, is empty", name)
		}
		return strings.TrimSpace(env(name)), "the environment variable " + name, nil
	}
	if address, key := env("ACTIONS_ID_TOKEN_REQUEST_URL"), env("ACTIONS_ID_TOKEN_REQUEST_TOKEN"); address != "" && key != "" {
		raw, err := s.ask(ctx, address, key)
		return raw, "GitHub Actions", err
	}
	for _, name := range []string{"TFC_WORKLOAD_IDENTITY_TOKEN", DefaultVariable} {
		if env(name) != "" {
			return strings.TrimSpace(env(name)), "the environment variable " + name, nil
		}
	}
	return "", "", errors.New(s.lacking())
}

// lacking says what the job has to be given for a token.
func (s *Source) lacking() string {
	switch env := s.options.Getenv; {
	case env("GITHUB_ACTIONS") == "true":
		return "the job gets no token from GitHub Actions: give it the permission, permissions: { id-token: write }"
	case env("GITLAB_CI") == "true":
		return fmt.Sprintf("the job gets no token from GitLab: give it one in .gitlab-ci.yml, id_tokens: { %s: { aud: %q } }", DefaultVariable, s.options.Audience)
	case env("TFC_RUN_ID") != "":
		return fmt.Sprintf("the run gets no token from HCP Terraform: set the workspace's environment variable TFC_WORKLOAD_IDENTITY_AUDIENCE to %q", s.options.Audience)
	default:
		return "no token is found: this is no job of GitHub Actions, GitLab CI or HCP Terraform that is given one, and the environment variable " +
			DefaultVariable + " is empty"
	}
}

// ask gets a token from GitHub Actions, which makes a new one for each request.
func (s *Source) ask(ctx context.Context, address, key string) (string, error) {
	parsed, err := url.Parse(address)
	if err != nil || parsed.Host == "" {
		return "", errors.New("ACTIONS_ID_TOKEN_REQUEST_URL is no address")
	}
	query := parsed.Query()
	query.Set("audience", s.options.Audience)
	parsed.RawQuery = query.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, parsed.String(), nil)
	if err != nil {
		return "", errors.New("ACTIONS_ID_TOKEN_REQUEST_URL is no address")
	}
	request.Header.Set("Authorization", "Bearer "+key)
	request.Header.Set("Accept", "application/json")
	response, err := s.options.Client.Do(request)
	if err != nil {
		if failed, ok := errors.AsType[*url.Error](err); ok {
			err = failed.Err // without the address, which belongs to the job
		}
		return "", fmt.Errorf("GitHub Actions gives no token: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("GitHub Actions gives no token: it answers %d", response.StatusCode)
	}
	var answer struct {
		Value string `json:"value"`
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, mostTokenBytes)).Decode(&answer); err != nil || answer.Value == "" {
		return "", errors.New("GitHub Actions gives no token: its answer has none")
	}
	return answer.Value, nil
}

// claims are what is read of a token before it is sent, for errors that help. The gateway checks it.
type claims struct {
	Audience audience `json:"aud"`
	Expiry   float64  `json:"exp"`
}

// audience is a text or a list of them.
type audience []string

// UnmarshalJSON reads either form.
func (a *audience) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*a = audience{one}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(a))
}

func readClaims(raw string) (claims, error) {
	parts := strings.Split(raw, ".")
	if len(parts) != 3 {
		return claims{}, errors.New("it has not three parts with dots between them")
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return claims{}, errors.New("its second part is not base64")
	}
	var read claims
	if json.Unmarshal(text, &read) != nil {
		return claims{}, errors.New("its second part is not JSON")
	}
	return read, nil
}
