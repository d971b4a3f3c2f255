package testenv

import (
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/tidwall/gjson"
	"go.yaml.in/yaml/v3"
)

// LiteLLMOptions say which LiteLLM proxy to play.
type LiteLLMOptions struct {
	// Config is its config.yaml, of which model_list and general_settings.master_key are obeyed.
	Config string
	// Environment is what os.environ/NAME stands for.
	Environment map[string]string
	// Database, when set, is the address of its PostgreSQL database, where keys are found by the SHA-256 of their secrets.
	Database string
}

// LiteLLM plays a LiteLLM proxy by its documented rules: its paths, its header for keys, its names of models with a provider
// in front, its error bodies, its x-litellm headers, streams that tell their usage when asked, and spending that is
// added up in memory and written later. It is not LiteLLM, and what it does not do it answers with 404.
type LiteLLM struct {
	server *server
	models []liteLLMModel
	master string
	db     *sql.DB

	mu sync.Mutex
	// unwritten is what keys have spent since the last Write, by digest.
	unwritten map[string]liteLLMUse
	calls     int
}

// liteLLMModel is an entry of model_list.
type liteLLMModel struct {
	Name   string `yaml:"model_name"`
	Params struct {
		Model   string  `yaml:"model"`
		APIBase string  `yaml:"api_base"`
		APIKey  string  `yaml:"api_key"`
		Input   float64 `yaml:"input_cost_per_token"`
		Output  float64 `yaml:"output_cost_per_token"`
	} `yaml:"litellm_params"`
}

// liteLLMKey is who calls.
type liteLLMKey struct {
	token, team      string
	models           []string
	blocked, expired bool
	spend, budget    sql.NullFloat64
}

// StartLiteLLM starts a LiteLLM proxy that ends with the test.
func StartLiteLLM(t testing.TB, options LiteLLMOptions) *LiteLLM {
	t.Helper()
	l, err := newLiteLLM(options)
	if err != nil {
		t.Fatalf("start the fake LiteLLM: %s", err)
	}
	t.Cleanup(func() {
		_ = l.server.close()
		if l.db != nil {
			_ = l.db.Close()
		}
	})
	return l
}

func newLiteLLM(options LiteLLMOptions) (*LiteLLM, error) {
	var file struct {
		Models  []liteLLMModel `yaml:"model_list"`
		General struct {
			Master string `yaml:"master_key"`
		} `yaml:"general_settings"`
	}
	if err := yaml.Unmarshal([]byte(options.Config), &file); err != nil {
		return nil, fmt.Errorf("config.yaml: %w", err)
	}
	named := func(value string) string {
		if name, found := strings.CutPrefix(value, "os.environ/"); found {
			return options.Environment[name]
		}
		return value
	}
	l := &LiteLLM{models: file.Models, master: named(file.General.Master), unwritten: map[string]liteLLMUse{}}
	for i := range l.models {
		params := &l.models[i].Params
		params.APIBase, params.APIKey = named(params.APIBase), named(params.APIKey)
	}
	if options.Database != "" {
		var err error
		if l.db, err = sql.Open("pgx", options.Database); err != nil {
			return nil, fmt.Errorf("its database: %w", err)
		}
	}
	mux := http.NewServeMux()
	for _, prefix := range []string{"", "/v1"} {
		mux.HandleFunc("POST "+prefix+"/chat/completions", l.authenticated(l.forward("/chat/completions")))
		mux.HandleFunc("POST "+prefix+"/embeddings", l.authenticated(l.forward("/embeddings")))
		mux.HandleFunc("GET "+prefix+"/models", l.authenticated(l.listModels))
	}
	mux.HandleFunc("GET /health/liveliness", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`"I'm alive!"`)) })
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusNotFound)
		_, _ = w.Write([]byte(`{"detail":"Not Found"}`))
	})
	var err error
	l.server, err = startServer("", mux)
	return l, err
}

// URL is its address, without a path.
func (l *LiteLLM) URL() string { return "http://" + l.server.address() }

// Calls are how many it has answered with a model's answer.
func (l *LiteLLM) Calls() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.calls
}

// authenticated finds out who calls, in the words of LiteLLM's refusals.
func (l *LiteLLM) authenticated(next func(http.ResponseWriter, *http.Request, liteLLMKey)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		secret, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		secret = cmp.Or(r.Header.Get("X-Litellm-Api-Key"), secret, r.Header.Get("Api-Key"), r.Header.Get("X-Api-Key"))
		switch {
		case secret == "":
			liteLLMError(w, http.StatusUnauthorized, "auth_error", "Authentication Error, No api key passed in.")
			return
		case secret == l.master:
			next(w, r, liteLLMKey{})
			return
		}
		sum := sha256.Sum256([]byte(secret))
		digest := hex.EncodeToString(sum[:])
		key, err := l.find(r.Context(), digest)
		switch {
		case err != nil:
			liteLLMError(w, http.StatusUnauthorized, "token_not_found_in_db", "Authentication Error, Invalid proxy server token passed. Received API Key = sk-..."+
				secret[max(0, len(secret)-4):]+", Key Hash (Token) ="+digest+". Unable to find token in cache or `LiteLLM_VerificationTokenTable`")
		case key.blocked:
			liteLLMError(w, http.StatusUnauthorized, "auth_error", "Authentication Error, Key is blocked. Update via `/key/unblock` if you're admin.")
		case key.expired:
			liteLLMError(w, http.StatusBadRequest, "expired_key", "Authentication Error - Expired Key.")
		case key.budget.Valid && key.spend.Float64 >= key.budget.Float64:
			liteLLMError(w, http.StatusBadRequest, "budget_exceeded", fmt.Sprintf("Budget has been exceeded! Key=%s Current cost: %v, Max budget: %v", digest, key.spend.Float64, key.budget.Float64))
		default:
			next(w, r, key)
		}
	}
}

// find looks a key up; what it has spent includes what is not written yet.
func (l *LiteLLM) find(ctx context.Context, digest string) (key liteLLMKey, err error) {
	if l.db == nil {
		return key, sql.ErrNoRows
	}
	var models string
	err = l.db.QueryRowContext(ctx, `SELECT token, COALESCE(team_id, ''), COALESCE(to_json(models)::text, '[]'), COALESCE(blocked, false),
		COALESCE(expires <= now() AT TIME ZONE 'UTC', false), spend, max_budget FROM "LiteLLM_VerificationToken" WHERE token = $1`, digest).
		Scan(&key.token, &key.team, &models, &key.blocked, &key.expired, &key.spend, &key.budget)
	if err != nil {
		return key, fmt.Errorf("find a key: %w", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	key.spend.Float64 += l.unwritten[digest].spend
	return key, json.Unmarshal([]byte(models), &key.models)
}

func (l *LiteLLM) listModels(w http.ResponseWriter, _ *http.Request, _ liteLLMKey) {
	var data []any
	for _, model := range l.models {
		data = append(data, map[string]any{"id": model.Name, "object": "model", "created": 1677610602, "owned_by": "openai"})
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"data": data, "object": "list"})
}

// model is the deployment of the model that a request names, which the key must be allowed.
func (l *LiteLLM) model(w http.ResponseWriter, body []byte, key liteLLMKey) (liteLLMModel, bool) {
	name := gjson.GetBytes(body, "model").String()
	i := slices.IndexFunc(l.models, func(m liteLLMModel) bool { return m.Name == name })
	if i < 0 {
		liteLLMError(w, http.StatusBadRequest, "invalid_request_error", "/chat/completions: Invalid model name passed in model="+name+". Call `/v1/models` to view available models for your key.")
		return liteLLMModel{}, false
	}
	if len(key.models) > 0 && !slices.Contains(key.models, name) {
		liteLLMError(w, http.StatusUnauthorized, "key_model_access_denied", "key not allowed to access model. This key can only access models="+strings.Join(key.models, ",")+". Tried to access "+name)
		return liteLLMModel{}, false
	}
	return l.models[i], true
}

// liteLLMError is an error of the proxy's own: its code is the status as text.
func liteLLMError(w http.ResponseWriter, status int, kind, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]any{"message": message, "type": kind, "param": "None", "code": fmt.Sprint(status)}})
}
