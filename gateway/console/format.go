package console

import (
	"fmt"
	"html/template"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// functions are what templates can call.
var functions = template.FuncMap{
	"money": moneyHTML, "moneyp": func(n *money.Nano) template.HTML { return moneyHTML(*n) }, "nano": func(n int64) template.HTML { return moneyHTML(money.Nano(n)) },
	"grouped": groupedAny, "pct": percent, "width": barWidth, "time": timeHTML, "timep": func(t *time.Time) template.HTML { return timeHTML(*t) },
	"date": func(t time.Time) string { return t.UTC().Format("2 Jan 2006") }, "until": until, "value": valueOr[string], "level": level, "reason": reasonText,
	"root": func() string { return Root }, "join": strings.Join, "num": func(n float64) string { return strconv.FormatFloat(n, 'f', 2, 64) },
	"whole": func(n *int64) int64 { return *n },
	"list":  func(items ...any) []any { return items },
}

// moneyHTML shows an amount in whole: cents as everybody reads them, what is beyond in smaller digits behind.
func moneyHTML(n money.Nano) template.HTML {
	text := n.Dollars()
	whole, fraction, _ := strings.Cut(text, ".")
	sign := ""
	if strings.HasPrefix(whole, "-") {
		sign, whole = "\u2212", whole[1:]
	}
	digits := strings.TrimPrefix(whole, "$")
	//nolint:gosec // made of digits alone
	return template.HTML(`<span class="money">` + sign + "$" + groupDigits(digits) + "." + fraction[:2] + "<i>" + fraction[2:] + "</i></span>")
}

// groupedAny is grouped for whatever whole number a template has.
func groupedAny(n any) string {
	if small, ok := n.(int); ok {
		return grouped(int64(small))
	}
	large, _ := n.(int64)
	return grouped(large)
}

// grouped writes a number with commas between thousands.
func grouped(n int64) string {
	if n < 0 {
		return "\u2212" + groupDigits(strconv.FormatInt(-n, 10))
	}
	return groupDigits(strconv.FormatInt(n, 10))
}

func groupDigits(digits string) string {
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return digits
}

// percent never says 100 of what is not full.
func percent(share float64) string {
	whole := math.Floor(share * 100)
	if share > 0 && whole == 0 {
		return "<1 %"
	}
	if whole > 999 {
		return ">999 %"
	}
	return strconv.Itoa(int(whole)) + " %"
}

// barWidth is a share in hundredths of a bar that holds 100.
func barWidth(share float64) string {
	return strconv.FormatFloat(min(max(share*100, 0), 100), 'f', 1, 64)
}

// level is the colour of a share.
func level(share float64) string {
	switch {
	case share >= 1:
		return "bad"
	case share >= nearShare:
		return "warn"
	default:
		return "ok"
	}
}

// timeHTML shows a moment in UTC; the script puts the viewer's own zone before it.
func timeHTML(t time.Time) template.HTML {
	utc := t.UTC()
	//nolint:gosec // made of digits alone
	return template.HTML(`<time datetime="` + utc.Format(time.RFC3339) + `">` + utc.Format("2 Jan 2006 15:04") + ` UTC</time>`)
}

// until says how far away a moment is.
func until(now, t time.Time) string {
	d := t.Sub(now)
	ago := d < 0
	if ago {
		d = -d
	}
	var text string
	switch {
	case d < time.Minute:
		text = fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		text = fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		text = fmt.Sprintf("%d h", int(d.Hours()))
	default:
		text = fmt.Sprintf("%d days", int(d.Hours()/24))
	}
	if ago {
		return text + " ago"
	}
	return "in " + text
}

// reasonText words the reason of a refusal: a limit such as "team.budget", or the code of an error.
func reasonText(reason string) string {
	if text, known := reasonTexts[reason]; known {
		return text
	}
	if owner, kind, isLimit := strings.Cut(reason, "."); isLimit {
		if name, known := kindNames[kind]; known {
			kind = strings.ToLower(name)
		}
		return owner + ": " + strings.ReplaceAll(kind, "_", " ")
	}
	return strings.ReplaceAll(reason, "_", " ")
}

var reasonTexts = map[string]string{
	string(api.Unauthenticated): "unknown or blocked key", string(api.ExpiredKey): "expired key", string(api.Upstream): "the provider failed",
	string(api.KeyModelDenied): "model not allowed for the key", string(api.TeamModelDenied): "model not allowed for the team",
	string(api.Invalid): "request not understood", string(api.ClientClosed): "the client hung up", string(api.NotFound): "model not served",
}
