package object

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/client"
	"github.com/bursarhq/terraform-provider-bursar/provider/attribute"
)

// typeFinder is a schema: it knows which attributes there are.
type typeFinder interface {
	TypeAtPath(ctx context.Context, p path.Path) (attr.Type, diag.Diagnostics)
}

// configNames are the attributes that are called otherwise than the API's fields.
var configNames = map[string]string{
	"key":          "key_wo",
	"new_key":      "key_wo",
	"grace_period": "rotation_grace",
	"api_key":      "api_key_wo",

	"webhook.secret":        "webhook.secret_wo",
	"webhook.second_secret": "webhook.second_secret_wo",
	"webhook.headers":       "webhook.headers_wo",
	"slack.url":             "slack.url_wo",
	"slack.token":           "slack.token_wo",
	"pagerduty.routing_key": "pagerduty.routing_key_wo",
	"email.smtp_password":   "email.smtp_password_wo",
	"microsoft_teams.url":   "microsoft_teams.url_wo",
	"alertmanager.headers":  "alertmanager.headers_wo",
}

// ReportLost says, once for everything that needs the gateway, that it is away or refuses the admin key. lost is false for
// any other error, told when it was said before.
func ReportLost(diags *diag.Diagnostics, err error) (lost, told bool) {
	gone, lost := errors.AsType[*client.LostError](err)
	if !lost {
		return false, false
	}
	if !gone.Tell() {
		return true, true
	}
	diags.AddError(whyLost(err), attribute.Sentence(gone)+Advice(err)+
		"\n\nNothing else was asked of the gateway. Whatever needs it fails for this reason.")
	return true, false
}

func whyLost(err error) string {
	switch {
	case errors.Is(err, client.ErrNoToken):
		return "The provider gets no token"
	case errors.Is(err, client.ErrNoAnswer):
		return "The gateway is away"
	case isByToken(err):
		return "The gateway refuses the job's token"
	default:
		return "The gateway refuses the provider's admin key"
	}
}

// Report adds err on the attribute it names, with what to do about it.
func Report(ctx context.Context, diags *diag.Diagnostics, schema typeFinder, summary string, err error) {
	if lost, told := ReportLost(diags, err); lost {
		if told {
			diags.AddError(summary, whyLost(err)+"; the first error says more.")
		}
		return
	}
	toDo := cmp.Or(adviceOnTimeout(ctx), Advice(err))
	refused, ok := errors.AsType[*api.Error](err)
	if !ok {
		diags.AddError(summary, attribute.Sentence(err)+toDo)
		return
	}
	at, found := attributePath(ctx, schema, refused.Param)
	if !found {
		diags.AddError(summary, attribute.Sentence(err)+toDo)
		return
	}
	diags.AddAttributeError(at, summary, inConfigsWords(attribute.Sentence(err), refused.Param, at)+toDo)
}

// inConfigsWords names the attribute in a text about a field of the API.
func inConfigsWords(text, param string, at path.Path) string {
	renamed, ok := configNames[param]
	if !ok || path.Root(param).Equal(at) {
		return text
	}
	if rest, first := strings.CutPrefix(text, param+" "); first {
		return renamed + " " + rest
	}
	return strings.Replace(text, ": "+param+" ", ": "+renamed+" ", 1)
}

// reportExisting answers "already exists" with how to take the object over.
func reportExisting(diags *diag.Diagnostics, resourceType, idAttribute, id string, err error) {
	diags.AddAttributeError(path.Root(idAttribute), "Already on the gateway", fmt.Sprintf(
		"%s\n\nTo manage the existing one from here on, import it (with the name that the resource has in this configuration):\n\n"+
			"  terraform import %s.NAME %s\n\nor, to see in the plan what that changes, add\n\n"+
			"  import {\n    to = %s.NAME\n    id = %q\n  }",
		attribute.Sentence(err), resourceType, shellQuote(id), resourceType, id))
}

// reportStale says who was faster.
func reportStale(diags *diag.Diagnostics, what string, record api.Record) {
	diags.AddError("Changed by somebody else since the plan", fmt.Sprintf(
		"The %s was changed by %s at %s (revision %d), after this plan was made. Nothing was written. "+
			"Plan again to see both changes.",
		what, quoteOr(record.UpdatedBy, "somebody"), record.UpdatedAt.UTC().Format(time.RFC3339), record.Revision))
}

// ReportGone is for an object that was deleted between plan and apply.
func ReportGone(diags *diag.Diagnostics, what string) {
	diags.AddError("Deleted by somebody else since the plan",
		"The "+what+" is no longer on the gateway. Plan again: Terraform will then propose to create it.")
}

func quoteOr(text, fallback string) string {
	if text == "" {
		return fallback
	}
	return fmt.Sprintf("%q", text)
}

func shellQuote(text string) string {
	if strings.Trim(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._@+:/=-") == "" {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// attributePath finds the attribute that an error's param means: "models", "model_rpm_limit.gpt-4.1",
// and for "webhook.url" the webhook, as Terraform shows no line for a part of an object.
func attributePath(ctx context.Context, schema typeFinder, param string) (path.Path, bool) {
	if renamed, ok := configNames[param]; ok {
		if at, found := fieldPath(ctx, schema, renamed); found {
			return at, true
		}
	}
	return fieldPath(ctx, schema, param)
}

func fieldPath(ctx context.Context, schema typeFinder, param string) (path.Path, bool) {
	name, key, _ := strings.Cut(param, ".")
	if name == "" {
		return path.Empty(), false
	}
	root := path.Root(name)
	attributeType, diags := schema.TypeAtPath(ctx, root)
	if diags.HasError() {
		return path.Empty(), false
	}
	if _, isMap := attributeType.(basetypes.MapTypable); isMap && key != "" {
		return root.AtMapKey(key), true
	}
	return root, true
}

// refuseDestroy stops a destroy that deletion_protection forbids.
func refuseDestroy(diags *diag.Diagnostics, protection types.Bool, what string) {
	if protection.ValueBool() {
		diags.AddAttributeError(path.Root("deletion_protection"), "Protected from deletion", fmt.Sprintf(
			"The %s has deletion_protection = true. To destroy it, apply deletion_protection = false first.", what))
	}
}
