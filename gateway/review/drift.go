package review

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2/hclwrite"
	tfjson "github.com/hashicorp/terraform-json"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// AuditLog says who changed objects, usually by asking a gateway.
type AuditLog interface {
	// LastChange returns the newest change of an object, by its id on the gateway; false when none is known.
	LastChange(ctx context.Context, objectID string) (api.Audit, bool, error)
	// AtOnce are the teams and keys that somebody has blocked, or let through, past the configuration that declares them.
	AtOnce(ctx context.Context) ([]AtOnce, error)
}

// AtOnce is one of them. Terraform's state has what the configuration says, so that no plan shows it.
type AtOnce struct {
	// Resource is bursar_team or bursar_key, ID the gateway's.
	Resource, ID string
	How          api.BlockedAtOnce
}

// Drifted is what a report of drift found.
type Drifted struct {
	// Objects is how many resources are not on the gateway as Terraform left them.
	Objects int
	// Asking is why the audit log could not be read; nil if it could, or was not asked.
	Asking error
}

// Summary is the result on one line.
func (d Drifted) Summary() string {
	if d.Objects == 0 {
		return "nothing was changed outside of Terraform"
	}
	return several(d.Objects, "resource was", "resources were")[0] + " changed outside of Terraform"
}

// Drift reads a plan, best one of "terraform plan -refresh-only", and writes what was changed outside of Terraform: old,
// new, by whom, when and why as far as the audit log tells, and the lines that adopt it. Errors are as [Render]'s.
func Drift(ctx context.Context, w io.Writer, plan io.Reader, log AuditLog) (Drifted, error) {
	decoded, err := decodePlan(plan)
	if err != nil {
		return Drifted{}, err
	}
	var found Drifted
	told := map[string]bool{}
	var b strings.Builder
	for _, change := range decoded.ResourceDrift {
		object, ours := objectOf(change)
		if !ours {
			continue
		}
		differences := object.drifted()
		if len(differences) == 0 && object.action == updated {
			continue
		}
		found.Objects++
		told[object.address] = true
		if found.Objects > mostRows {
			continue
		}
		writeDrift(&b, object, differences)
		if log != nil && found.Asking == nil {
			found.Asking = writeAuthor(ctx, &b, object, log)
		}
	}
	if log != nil && found.Asking == nil {
		found.Asking = found.addAtOnce(ctx, &b, decoded, told, log)
	}
	if found.Objects > mostRows {
		fmt.Fprintf(&b, "\n%d more resources were changed.\n", found.Objects-mostRows)
	}
	head := "## Changed outside of Terraform\n\n"
	switch found.Objects {
	case 0:
		head += "Nothing: what is on the gateway is what Terraform left there.\n"
	case 1:
		head += "1 resource is not as Terraform left it. The next apply undoes that, unless its lines are adopted.\n"
	default:
		head += fmt.Sprintf("%d resources are not as Terraform left them. The next apply undoes that, unless the lines are adopted.\n", found.Objects)
	}
	if found.Asking != nil {
		b.WriteString("\n* Who changed it could not be asked of the gateway: " + code(found.Asking.Error()) + "\n")
	}
	if _, err := io.WriteString(w, head+b.String()); err != nil {
		return found, fmt.Errorf("write the report: %w", err)
	}
	return found, nil
}

// addAtOnce tells of what was blocked or let through at once, of the resources that the plan knows.
func (d *Drifted) addAtOnce(ctx context.Context, b *strings.Builder, plan *tfjson.Plan, told map[string]bool, log AuditLog) error {
	addresses := map[[2]string]string{}
	if plan.PriorState != nil && plan.PriorState.Values != nil {
		gatherSwitchable(plan.PriorState.Values.RootModule, addresses)
	}
	if len(addresses) == 0 {
		return nil
	}
	all, err := log.AtOnce(ctx)
	for _, one := range all {
		address, ours := addresses[[2]string{one.Resource, one.ID}]
		if !ours {
			continue
		}
		if !told[address] {
			d.Objects++
		}
		if d.Objects > mostRows {
			continue
		}
		done := "blocked"
		if one.How.Configured {
			done = "let through"
		}
		fmt.Fprintf(b, "\n### %s\n\nIt was %s at once by %s on %s: %s. The configuration says `blocked = %t`, and an apply leaves it as it is.\n",
			code(address), done, code(one.How.By), one.How.At.UTC().Format(moment), code(one.How.Reason), one.How.Configured)
		fmt.Fprintf(b, "\nTo adopt it, write:\n\n```hcl\nblocked = %t\n```\n", !one.How.Configured)
	}
	return err
}

// gatherSwitchable notes the addresses of all teams and keys of a state, by type and id.
func gatherSwitchable(module *tfjson.StateModule, addresses map[[2]string]string) {
	if module == nil {
		return
	}
	for _, resource := range module.Resources {
		if resource.Mode != tfjson.ManagedResourceMode || resource.Type != teamKind.resource && resource.Type != keyKind.resource {
			continue
		}
		if id, ok := resource.AttributeValues[kindOf(resource.Type).id].(string); ok {
			addresses[[2]string{resource.Type, id}] = resource.Address
		}
	}
	for _, child := range module.ChildModules {
		gatherSwitchable(child, addresses)
	}
}

// moment is how a time is written.
const moment = "Mon 2 Jan 2006 15:04 UTC"

// drifted are the attributes that differ; what limits nothing drifts as well as what does.
func (o object) drifted() []difference {
	if o.action != updated {
		return nil
	}
	found := o.differences()
	for path := range o.kind.without {
		d := difference{attribute: attribute{path: path, format: plain, none: "none"}, old: o.before.at(path), new: o.after.at(path)}
		if !strings.Contains(path, ".") && d.changed(updated) {
			found = append(found, d)
		}
	}
	slices.SortFunc(found, func(a, b difference) int { return strings.Compare(a.name(), b.name()) })
	return found
}

func writeDrift(b *strings.Builder, o object, differences []difference) {
	fmt.Fprintf(b, "\n### %s\n\n", code(o.address))
	if o.action == deleted {
		b.WriteString("It is gone from the gateway. The next apply makes it anew; to adopt that, " + o.lettingGo() + ".\n")
		return
	}
	writeRow(b, []string{"Attribute", "Terraform left", "Is now"})
	writeRow(b, []string{"---", "---", "---"})
	for _, d := range differences {
		writeRow(b, []string{d.name(), drifting(d, d.old), drifting(d, d.new)})
	}
	lines := o.adopting(differences)
	if len(lines) == 0 {
		return
	}
	b.WriteString("\nTo adopt it, write:\n\n```hcl\n" + strings.Join(lines, "\n") + "\n```\n")
}

// lettingGo says which lines to delete for a resource that is gone: one of several of a block keeps the block.
func (o object) lettingGo() string {
	if !strings.HasSuffix(o.address, "]") {
		return "delete its block"
	}
	if at := strings.LastIndex(o.address, `["`); at >= 0 {
		return "take " + code(strings.TrimSuffix(o.address[at+1:], "]")) + " out of the block's `for_each`"
	}
	return "lower the block's `count`, if it is the last one"
}

// drifting is one side of an attribute. Where several entries make up a value, each stands by its name.
func drifting(d difference, v value) string {
	object, isObject := v.raw.(map[string]any)
	if !isObject || v.sensitive || v.unknown || len(object) == 0 {
		return d.attribute.show(v)
	}
	var texts []string
	for _, name := range slices.Sorted(maps.Keys(object)) {
		data, err := json.Marshal(object[name])
		if err != nil {
			return d.attribute.show(v)
		}
		texts = append(texts, code(name+" = "+string(data)))
	}
	return listed(texts)
}

// adopting are the lines of configuration that make the change Terraform's own. What is sensitive has none.
func (o object) adopting(differences []difference) (lines []string) {
	seen := map[string]bool{}
	for _, d := range differences {
		name, _, _ := strings.Cut(d.attribute.path, ".")
		now := o.after.at(name)
		if seen[name] || now.sensitive || o.before.at(name).sensitive || now.unknown {
			continue
		}
		seen[name] = true
		if text, ok := literal(now.raw); ok {
			lines = append(lines, name+" = "+text)
		}
	}
	return lines
}

// literal is a value as configuration has it.
func literal(raw any) (string, bool) {
	data, err := json.Marshal(raw)
	if err != nil {
		return "", false
	}
	kind, err := ctyjson.ImpliedType(data)
	if err != nil {
		return "", false
	}
	value, err := ctyjson.Unmarshal(data, kind)
	if err != nil {
		return "", false
	}
	return string(hclwrite.TokensForValue(value).Bytes()), true
}

// writeAuthor says who made the last change of an object.
func writeAuthor(ctx context.Context, b *strings.Builder, o object, log AuditLog) error {
	id := o.before.at(o.kind.id).text()
	if o.kind.id == "" || id == "" {
		return nil
	}
	audit, known, err := log.LastChange(ctx, id)
	if err != nil || !known {
		return err
	}
	fmt.Fprintf(b, "\nLast changed by %s on %s (%s)", code(audit.Actor), audit.At.UTC().Format(moment), code(audit.Action))
	if audit.Reason != "" {
		b.WriteString(": " + code(audit.Reason))
	} else {
		b.WriteString(", without a reason")
	}
	b.WriteString(".\n")
	return nil
}

// decodePlan reads a plan in JSON.
func decodePlan(r io.Reader) (*tfjson.Plan, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("read the plan: %w", err)
	}
	var decoded tfjson.Plan
	decoded.UseJSONNumber(true)
	if err := decoded.UnmarshalJSON(data); err != nil {
		return nil, fmt.Errorf("%s: %w", misfit(data, err), ErrPlan)
	}
	if decoded.PlannedValues == nil && decoded.ResourceChanges == nil {
		return nil, fmt.Errorf("the JSON has no planned values, it may be a state: %w", ErrPlan)
	}
	return &decoded, nil
}
