package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// A pipeline's commands come with the job's token where there is no key, and say what to give where there is neither.
func TestCommands_comeWithTheTokenOfTheJob(t *testing.T) {
	claims := fmt.Sprintf(`{"aud":"https://bursar","exp":%d}`, time.Now().Add(time.Hour).Unix())
	token := "e30." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".c2ln"
	var came string
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		came = r.Header.Get("Authorization")
		http.Error(w, `{"error":{"type":"invalid_request","message":"enough was seen"}}`, http.StatusBadRequest)
	}))
	t.Cleanup(gateway.Close)
	t.Setenv("BURSAR_ADMIN_KEY", "")
	t.Setenv("TOKEN_OF_THE_JOB", token)
	for _, line := range []string{"export", "history marketing", "advise", "approve --withdraw qr_1", "request list"} {
		arguments := append(strings.Fields(line), "--endpoint", gateway.URL)
		var out, errs bytes.Buffer
		if code := run(t.Context(), arguments, &out, &errs); code == 0 || !strings.Contains(errs.String(), "--oidc-audience") {
			t.Errorf("%s without a key or a token: code %d: %s", line, code, &errs)
		}
		came = ""
		run(t.Context(), append(arguments, "--oidc-audience", "https://bursar", "--oidc-token-env", "TOKEN_OF_THE_JOB"), &out, &errs)
		if came != "Bearer "+token {
			t.Errorf("%s came with %q: %s", line, came, &errs)
		}
		key := "--admin-key"
		if strings.HasPrefix(line, "request") {
			key = "--key" // a team's own does as well
		}
		run(t.Context(), append(arguments, "--oidc-audience", "https://bursar", key, adminKey), &out, &errs)
		if came != "Bearer "+adminKey {
			t.Errorf("%s with a key came with %q: %s", line, came, &errs)
		}
		if strings.Contains(errs.String(), token) {
			t.Errorf("%s shows the token", line)
		}
	}
}
