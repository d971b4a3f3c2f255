package review

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// Kinds of objects that a [UsageReader] is asked about.
const (
	KindTeam   = "team"
	KindKey    = "key"
	KindBudget = "budget"
)

// UsageReader tells what has been used of a quota, usually by asking a gateway.
type UsageReader interface {
	// Spent is what an object has spent in its running period. Known is false for one that the
	// gateway does not have. The kind is one of KindTeam, KindKey and KindBudget.
	Spent(ctx context.Context, kind, id string) (spent money.Nano, known bool, err error)
}

// usages is what was read, by address.
type usages struct {
	spending map[string]money.Nano
	// failed is the first error; the rest is not asked for after it.
	failed error
}

// readUsage asks about every object that exists already and whose cap or existence changes.
func readUsage(ctx context.Context, reader UsageReader, objects []object) usages {
	read := usages{spending: map[string]money.Nano{}}
	if reader == nil {
		return read
	}
	for _, o := range objects {
		id := o.before.at(o.kind.id).text()
		if id == "" || !o.spends() {
			continue
		}
		spent, known, err := reader.Spent(ctx, o.kind.noun, id)
		if err != nil {
			read.failed = err
			return read
		}
		if known {
			read.spending[o.address] = spent
		}
	}
	return read
}

func (o object) spends() bool {
	switch o.kind.noun {
	case KindTeam, KindKey, KindBudget:
		return true
	default:
		return false
	}
}

// spent is what an object has spent so far, empty if that is not known.
func (u usages) spent(o object) string {
	spent, known := u.spending[o.address]
	if !known {
		return ""
	}
	return usd(spent)
}

// cell is the spending beside a cap, as a share of the new one. What replaces an object starts at zero.
func (u usages) cell(o object, d difference) string {
	if d.attribute.path != "max_budget" || o.action != updated {
		return ""
	}
	text := u.spent(o)
	limit, hasNumber := d.new.number()
	if text == "" || !hasNumber || limit <= 0 || d.new.sensitive {
		return text
	}
	return text + " (" + percent(float64(u.spending[o.address])/float64(money.USD)/limit*100) + " of the new cap)"
}

// notes say who will be refused, and what could not be read.
func (u usages) notes(objects []object) []string {
	var notes []string
	for _, o := range objects {
		if note := u.refusal(o); note != "" {
			notes = append(notes, note)
		}
	}
	if u.failed != nil {
		notes = append(notes, "What has been used could not be read from the gateway: "+code(u.failed.Error()))
	}
	return notes
}

// refusal tells of a cap that starts to refuse with this plan, because no less is spent already.
func (u usages) refusal(o object) string {
	spent, known := u.spending[o.address]
	limit, hard := o.after.at("max_budget"), o.after.at("hard_cap")
	watched, _ := o.before.holds()
	held, _ := o.after.holds()
	unchanged := o.before.at("max_budget").same(limit) && o.before.at("hard_cap").same(hard) && watched == held
	if !known || o.action != updated || unchanged || limit.sensitive {
		return ""
	}
	text, _ := limit.raw.(json.Number)
	amount, err := money.Parse(text.String())
	if err != nil || spent < amount {
		return ""
	}
	fate := "its requests are refused as soon as this is applied."
	switch {
	case hard.raw == false:
		fate = "as the cap only warns, nothing is refused."
	case held == watching:
		fate = "as the cap is only watched, nothing is refused yet."
	}
	return fmt.Sprintf("%s %s has spent %s in the running period, no less than its cap of %s: %s",
		o.kind.noun, code(o.before.at(o.kind.id).text()), usd(spent), usd(amount), fate)
}
