package litellm_test

import (
	"encoding/json"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/gateway/litellm"
)

// The vectors were sealed by other programs than this one: tweetnacl 1.0.3 and Node's crypto, with the SHA-256 of
// "sk-salt-of-a-vector" for a key. Nonces count from zero.
func TestUnseal_whatOtherProgramsSealed(t *testing.T) {
	const plain = "sk-ant-vector ✓ ünïcode"
	for name, text := range map[string]string{
		"secret box":                      "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXQgacWkkZsaCjUYBzxsKKZGIeLigsISynwcbd2TQd7iXnHZMq7Vx/NS5+Xg==",
		"secret box, of the URL alphabet": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXQgacWkkZsaCjUYBzxsKKZGIeLigsISynwcbd2TQd7iXnHZMq7Vx_NS5-Xg==",
		"AES-256-GCM":                     "v2:gcm:AAECAwQFBgcICQoLazZTpbURS3mWR18DSV-A6-OjcfByqLL9GSk0hkhWyECNJwhEI1Cu0wFA5Q==",
	} {
		for salt, want := range map[string]string{"sk-salt-of-a-vector": plain, "sk-another": text} {
			if got := unsealed(t, text, salt); got != want {
				t.Errorf("%s with %s is %q, want %q", name, salt, got, want)
			}
		}
	}
	for _, damaged := range []string{"v2:gcm:", "v2:gcm:AAEC", "v2:gcm:not base64", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXQgacWkkZsaCjUYBzxsKKZGIeLigsISynwcbd2TQd7iXnHZMq7Vx/NS5+Xw=="} {
		if got := unsealed(t, damaged, "sk-salt-of-a-vector"); got != damaged {
			t.Errorf("%q became %q", damaged, got)
		}
	}
}

// unsealed is a parameter of a stored model after its estate was opened.
func unsealed(t *testing.T, text, salt string) string {
	t.Helper()
	encoded, err := json.Marshal(map[string]any{"Models": []any{map[string]any{"model_id": "m", "model_name": "m", "litellm_params": map[string]string{"api_key": text}}}})
	if err != nil {
		t.Fatal(err)
	}
	var estate litellm.Estate
	if err := json.Unmarshal(encoded, &estate); err != nil {
		t.Fatal(err)
	}
	estate.Unseal(salt)
	var got string
	if err := json.Unmarshal(estate.Models[0].Params["api_key"], &got); err != nil {
		t.Fatal(err)
	}
	return got
}
