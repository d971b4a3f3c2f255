package auth_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

func header(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Add(pairs[i], pairs[i+1])
	}
	return h
}

func TestPresented(t *testing.T) {
	for name, h := range map[string]http.Header{
		"bearer":            header("Authorization", "Bearer sk-1"),
		"bearer, any case":  header("authorization", "bearer  sk-1 "),
		"anthropic":         header("x-api-key", "sk-1"),
		"azure":             header("API-Key", "sk-1"),
		"litellm":           header("x-litellm-api-key", "sk-1"),
		"litellm, bearer":   header("x-litellm-api-key", "Bearer sk-1"),
		"two that agree":    header("Authorization", "Bearer sk-1", "x-api-key", "sk-1"),
		"one header, twice": header("x-api-key", "sk-1", "x-api-key", "sk-1"),
	} {
		if got, err := auth.Presented(h); err != nil || got.Reveal() != "sk-1" {
			t.Errorf("%s: %q, %v", name, got.Reveal(), err)
		}
	}
}

func TestPresented_refuses(t *testing.T) {
	const none = "Authentication Error, No api key passed in."
	const malformed = "Authentication Error, Malformed API Key passed in. Ensure Key has `Bearer ` prefix."
	for name, test := range map[string]struct {
		header http.Header
		want   string
	}{
		"none":                {header(), none},
		"other headers":       {header("X-Team-ID", "marketing", "Cookie", "key=sk-canary"), none},
		"no scheme":           {header("Authorization", "sk-canary"), malformed},
		"another scheme":      {header("Authorization", "Basic sk-canary"), malformed},
		"nothing after it":    {header("Authorization", "Bearer "), malformed},
		"empty":               {header("x-api-key", ""), malformed},
		"too long":            {header("x-api-key", strings.Repeat("canary", 2000)), malformed},
		"with a space":        {header("x-api-key", "sk-canary canary"), malformed},
		"not ASCII":           {header("x-api-key", "sk-canary-ключ"), malformed},
		"two that differ":     {header("Authorization", "Bearer sk-canary", "x-api-key", "sk-canary2"), "several headers carry different keys"},
		"one header, differs": {header("x-api-key", "sk-canary", "x-api-key", "sk-canary2"), "several headers carry different keys"},
	} {
		_, err := auth.Presented(test.header)
		if api.CodeOf(err) != api.Unauthenticated || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
		if strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: the refusal repeats the key: %v", name, err)
		}
	}
}

func TestAdminKeys(t *testing.T) {
	keys := auth.NewAdminKeys("sk-admin-1", "", "sk-admin-2")
	for _, key := range []string{"sk-admin-1", "sk-admin-2"} {
		caller, err := keys.Authenticate(context.Background(), header("Authorization", "Bearer "+key))
		if err != nil || caller.Role != auth.RoleAdmin || caller.Name != "admin" {
			t.Errorf("%s: %+v, %v", key, caller, err)
		}
	}
	for _, key := range []string{"sk-admin-3", "sk-admin-", "sk-admin-11", "SK-ADMIN-1"} {
		_, err := keys.Authenticate(context.Background(), header("Authorization", "Bearer "+key))
		if api.CodeOf(err) != api.Unauthenticated || strings.Contains(err.Error(), key) {
			t.Errorf("%s: %v", key, err)
		}
	}
}

func TestAdminKeys_withoutKeysLetsNobodyIn(t *testing.T) {
	for _, keys := range []*auth.AdminKeys{auth.NewAdminKeys(), auth.NewAdminKeys("")} {
		if keys.Has("") || keys.Has("anything") {
			t.Error("somebody got in")
		}
	}
}

func TestRole(t *testing.T) {
	if !auth.RoleAdmin.May(auth.Read) || !auth.RoleAdmin.May(auth.Write) {
		t.Error("the admin may not do everything")
	}
	if auth.RoleAdmin.May("") || auth.Role("").May(auth.Read) || auth.Role("viewer").May(auth.Write) {
		t.Error("what is not known is allowed")
	}
	if auth.Permission("").Known() || auth.Permission("rite").Known() || !auth.Write.Known() {
		t.Error("Known does not tell permissions")
	}
}
