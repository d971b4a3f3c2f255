package function

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/function"

	"github.com/bursarhq/terraform-provider-bursar/provider/object"
)

var _ function.Function = keyHash{}

type keyHash struct{}

func (keyHash) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "key_hash"
}

func (keyHash) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "The hash that names a key in place of its secret",
		MarkdownDescription: "The SHA-256 of a key's secret in hexadecimal, by which the gateway's API, its logs and LiteLLM's clients name a key. " +
			"It opens nothing. Terraform treats the hash of a sensitive value as sensitive; `nonsensitive()` shows it.",
		Parameters: []function.Parameter{function.StringParameter{
			Name:                "key",
			MarkdownDescription: "The secret, which starts with `sk-`.",
		}},
		Return: function.StringReturn{},
	}
}

// Run does not repeat what it was given: it may be a secret in the wrong form.
func (keyHash) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var key string
	if resp.Error = req.Arguments.Get(ctx, &key); resp.Error != nil {
		return
	}
	if own, ok := strings.CutPrefix(key, "sk-"); !ok || own == "" || strings.ContainsAny(key, " \t\r\n") {
		resp.Error = function.NewArgumentFuncError(0, `this is not the secret of a key, which starts with "sk-" and holds no space or line break; was it copied whole?`)
		return
	}
	resp.Error = resp.Result.Set(ctx, object.SecretDigest(key))
}
