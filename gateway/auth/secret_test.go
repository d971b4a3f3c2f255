package auth_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
)

var secretForm = regexp.MustCompile(`^sk-brs_[0-9A-Za-z]{8}_[0-9A-Za-z]{49}$`)

func TestNewSecret(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		secret := auth.NewSecret()
		if !secretForm.MatchString(secret.Reveal()) {
			t.Fatalf("NewSecret = %q", secret.Reveal())
		}
		if err := auth.CheckSecret(secret); err != nil {
			t.Fatalf("CheckSecret of a new secret: %v", err)
		}
		if seen[secret.Reveal()] {
			t.Fatal("NewSecret made the same secret twice")
		}
		seen[secret.Reveal()] = true
	}
}

func TestCheckSecret_noticesEveryMistypedCharacter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := []byte(auth.NewSecret().Reveal())
		at := rapid.IntRange(len("sk-brs_"), len(text)-1).Draw(t, "at")
		typed := rapid.SampledFrom([]byte("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-. ü")).Draw(t, "typed")
		if text[at] == typed {
			return
		}
		text[at] = typed
		if auth.CheckSecret(auth.Secret(text)) == nil {
			t.Fatalf("CheckSecret took %q", text)
		}
	})
}

func TestCheckSecret(t *testing.T) {
	good := auth.NewSecret().Reveal()
	for text, want := range map[string]error{
		"sk-my-own-key-of-2026":             nil,
		"sk-" + strings.Repeat("a", 16):     nil,
		"sk-" + strings.Repeat("a", 200):    nil,
		"sk-" + strings.Repeat("a", 15):     auth.ErrForm,
		"sk-" + strings.Repeat("a", 201):    auth.ErrForm,
		"pk-" + strings.Repeat("a", 16):     auth.ErrForm,
		"":                                  auth.ErrForm,
		"sk-":                               auth.ErrForm,
		"sk-quote'or'1'='1'--aaaaaaaaaaa":   auth.ErrForm,
		"sk-with space aaaaaaaaaaaaaaaaa":   auth.ErrForm,
		good[:len(good)-1]:                  auth.ErrChecksum,
		good + "0":                          auth.ErrChecksum,
		"sk-brs_" + strings.Repeat("a", 30): auth.ErrChecksum,
	} {
		if err := auth.CheckSecret(auth.Secret(text)); !errors.Is(err, want) {
			t.Errorf("CheckSecret(%q) = %v, want %v", text, err, want)
		}
	}
}

func TestSecret_isNeverPrinted(t *testing.T) {
	secret := auth.Secret("sk-canary-canary-canary")
	holder := struct{ Key auth.Secret }{secret}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		fmt.Fprintf(&out, verb+" "+verb+" ", secret, holder)
	}
	fmt.Fprint(&out, secret, &secret, []auth.Secret{secret}, map[string]auth.Secret{"k": secret}, fmt.Errorf("key %v", secret))
	logger := slog.New(slog.NewJSONHandler(&out, nil))
	logger.Info("text", "key", secret, "holder", holder)
	slog.New(slog.NewTextHandler(&out, nil)).Info("text", "key", secret)
	if err := json.NewEncoder(&out).Encode([]any{secret, &secret, holder}); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(out.String(), "canary") || strings.Contains(out.String(), fmt.Sprintf("%x", "canary")) {
		t.Errorf("printed: %s", out.String())
	}
	if secret.Reveal() != "sk-canary-canary-canary" {
		t.Error("Reveal does not show the secret")
	}
}

func TestDigest(t *testing.T) {
	if got := hex.EncodeToString(auth.Digest("sk-1234")); got != "88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b" {
		t.Errorf("%s is not what LiteLLM makes of it", got)
	}
}

func TestMask(t *testing.T) {
	if got := auth.Mask("sk-brs_public00_secretAb3d"); got != "sk-...Ab3d" {
		t.Errorf("Mask = %q", got)
	}
	if got := auth.Mask(""); got != "sk-..." {
		t.Errorf("Mask of nothing = %q", got)
	}
}

func TestIDs(t *testing.T) {
	for form, make := range map[string]func() string{
		`^key_[0-9A-Za-z]{20}$`:    auth.NewKeyID,
		`^budget_[0-9A-Za-z]{20}$`: auth.NewBudgetID,
		`^route_[0-9A-Za-z]{20}$`:  auth.NewAlertRouteID,
		`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`: auth.NewTeamID,
	} {
		first, second := make(), make()
		if !regexp.MustCompile(form).MatchString(first) || first == second {
			t.Errorf("ids %q and %q, want two of the form %s", first, second, form)
		}
	}
}
