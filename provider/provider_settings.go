package provider

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/bursarhq/terraform-provider-bursar/internal/client"
	"github.com/bursarhq/terraform-provider-bursar/provider/attribute"
	"github.com/bursarhq/terraform-provider-bursar/provider/object"
)

// Environment variables of what few need to set.
const (
	envCAFile     = "BURSAR_CA_FILE"
	envCAPEM      = "BURSAR_CA_PEM"
	envHeaders    = "BURSAR_HEADERS"
	envMaxWait    = "BURSAR_MAX_WAIT"
	envMaxRetries = "BURSAR_MAX_RETRIES"

	mostRetries = 20
)

// settingsModel is how the gateway is reached where its address and a key are not enough.
type settingsModel struct {
	AdminKeyFile types.String `tfsdk:"admin_key_file"`
	CAFile       types.String `tfsdk:"ca_file"`
	CAPEM        types.String `tfsdk:"ca_pem"`
	Headers      types.Map    `tfsdk:"headers"`
	MaxWait      types.String `tfsdk:"max_wait"`
	OIDC         *oidcModel   `tfsdk:"oidc"`
}

func withSettings(attributes map[string]schema.Attribute) map[string]schema.Attribute {
	maps.Copy(attributes, map[string]schema.Attribute{
		"admin_key_file": schema.StringAttribute{
			MarkdownDescription: "A file with the admin key and nothing else, as platforms mount secrets. Not together with `admin_key`. " +
				"May be left to the environment variable `" + object.EnvAdminKey + "_FILE`.",
			Optional:   true,
			Validators: attribute.Valid(attribute.Filled{}, stringvalidator.ConflictsWith(path.MatchRoot("admin_key"))),
		},
		"ca_file": schema.StringAttribute{
			MarkdownDescription: "A file with certificates in PEM that are trusted besides those of this machine, for a gateway behind an authority of your own. " +
				"Not together with `ca_pem`. May be left to the environment variable `" + envCAFile + "`.",
			Optional:   true,
			Validators: attribute.Valid(attribute.Filled{}, stringvalidator.ConflictsWith(path.MatchRoot("ca_pem"))),
		},
		"ca_pem": schema.StringAttribute{
			MarkdownDescription: "The same certificates as text. May be left to the environment variable `" + envCAPEM + "`.",
			Optional:            true,
			Validators:          attribute.Valid(attribute.Filled{}),
		},
		"headers": schema.MapAttribute{
			MarkdownDescription: "Headers that are sent with every request, for what stands before the gateway, such as `{ \"CF-Access-Client-Id\" = \"…\" }`. " +
				"May be left to the environment variable `" + envHeaders + "`, as a JSON object.",
			ElementType: types.StringType,
			Optional:    true,
			Sensitive:   true,
		},
		"oidc": oidcAttribute(),
		"max_wait": schema.StringAttribute{
			MarkdownDescription: "How long a gateway that has answered in this run is waited for while nobody listens at its address, as when it restarts, such as `2m`. " +
				"A gateway that has not answered at all is not waited for. Defaults to `30s`; `0s` does not wait. May be left to the environment variable `" + envMaxWait + "`.",
			Optional: true,
		},
	})
	return attributes
}

// isUnknown says that the gateway cannot be called before the apply.
func (m settingsModel) isUnknown() bool {
	return m.AdminKeyFile.IsUnknown() || m.CAFile.IsUnknown() || m.CAPEM.IsUnknown() || m.Headers.IsUnknown() || m.MaxWait.IsUnknown() || m.OIDC.isUnknown()
}

func (m settingsModel) apply(ctx context.Context, options *client.Options, diags *diag.Diagnostics) {
	options.CAPEM = m.certificates(diags)
	options.Headers = m.headers(ctx, diags)
	options.MaxWait = m.maxWait(diags)
}

// certificates prefer what the provider block says over the environment.
func (m settingsModel) certificates(diags *diag.Diagnostics) string {
	if text := m.CAPEM.ValueString(); text != "" {
		return text
	}
	name := cmp.Or(m.CAFile.ValueString(), os.Getenv(envCAFile))
	if text := os.Getenv(envCAPEM); text != "" && m.CAFile.IsNull() {
		return text
	}
	return readSetting(diags, "ca_file", name)
}

func readSetting(diags *diag.Diagnostics, attribute, name string) string {
	if name == "" {
		return ""
	}
	text, err := os.ReadFile(name)
	switch {
	case err != nil:
		diags.AddAttributeError(path.Root(attribute), "Unreadable "+attribute, "It cannot be read: "+err.Error())
	case len(strings.TrimSpace(string(text))) == 0:
		diags.AddAttributeError(path.Root(attribute), "Empty "+attribute, "There is nothing in the file "+name+".")
	}
	return string(text)
}

// headers does not repeat what it cannot read: it may be secret.
func (m settingsModel) headers(ctx context.Context, diags *diag.Diagnostics) map[string]string {
	headers := map[string]string{}
	if !m.Headers.IsNull() {
		diags.Append(m.Headers.ElementsAs(ctx, &headers, false)...)
	} else if text := os.Getenv(envHeaders); text != "" && json.Unmarshal([]byte(text), &headers) != nil {
		diags.AddAttributeError(path.Root("headers"), "Wrong headers", envHeaders+` is not a JSON object of texts, such as {"CF-Access-Client-Id":"…"}.`)
	}
	if err := client.CheckHeaders(headers); err != nil {
		diags.AddAttributeError(path.Root("headers"), "Wrong headers", attribute.Sentence(err))
	}
	return headers
}

// maxWait is negative for no wait at all, as the client has it.
func (m settingsModel) maxWait(diags *diag.Diagnostics) time.Duration {
	text := cmp.Or(m.MaxWait.ValueString(), os.Getenv(envMaxWait))
	if text == "" {
		return 0
	}
	wait, err := time.ParseDuration(text)
	switch {
	case err != nil || wait < 0:
		diags.AddAttributeError(path.Root("max_wait"), "Not a time to wait", strconv.Quote(text)+" is not a time such as 30s or 2m. It was taken from the provider block or "+envMaxWait+".")
		return 0
	case wait == 0:
		return -1
	default:
		return wait
	}
}

// adminKey is the attribute's, or of the file that it names, or else the environment's.
func (m providerModel) adminKey(diags *diag.Diagnostics) string {
	if file := m.AdminKeyFile.ValueString(); file != "" {
		return strings.TrimRight(readSetting(diags, "admin_key_file", file), "\r\n")
	}
	return m.setting(diags, "admin_key", m.AdminKey, object.EnvAdminKey)
}

// retryMax is negative for no repetition, as the client has it.
func (m providerModel) retryMax(diags *diag.Diagnostics) int {
	retries := m.MaxRetries.ValueInt64()
	if text := os.Getenv(envMaxRetries); text != "" && !attribute.IsSet(m.MaxRetries) {
		given, err := strconv.ParseInt(text, 10, 64)
		if err != nil || given < 0 || given > mostRetries {
			diags.AddAttributeError(path.Root("max_retries"), "Wrong max_retries", envMaxRetries+" must be a whole number from 0 to "+strconv.Itoa(mostRetries)+".")
		}
		retries = given
	} else if !attribute.IsSet(m.MaxRetries) {
		return 0
	}
	if retries == 0 {
		return -1
	}
	return int(retries)
}
