package repotest

import (
	"slices"
	"strings"
	"testing"
)

const module = "github.com/bursarhq/terraform-provider-bursar/"

// The packages of the gateway stand on levels. A package may import what stands on a
// lower level; one that it needs from its own level it declares as a small interface,
// and gateway/app passes the real thing. exceptions lists the imports that are meant.
var levels = [][]string{
	{"gateway/cmd", "gateway/app", "gateway/doctor"},
	{"gateway/admin", "gateway/proxy", "gateway/console", "gateway/alert", "gateway/review", "gateway/export", "gateway/litellm", "gateway/outlook", "gateway/replay"},
	{"gateway/policy", "gateway/deployment", "gateway/calibration"},
	{
		"gateway/quota", "gateway/tokens", "gateway/hosted", "gateway/ledger", "gateway/upstream", "gateway/auth", "gateway/httpx",
		"gateway/safedial", "gateway/pricefeed", "gateway/seal", "gateway/store", "gateway/ledgerexport", "gateway/retention", "gateway/config", "gateway/metrics", "gateway/minutes", "gateway/forecast", "gateway/advice", "gateway/token", "gateway/openapi",
	},
	{"gateway/content", "gateway/trace", "gateway/checksummed", "gateway/compressed", "gateway/every"},
}

// exceptions are imports within a level, "from to", each with its reason.
var exceptions = map[string]string{
	"gateway/cmd gateway/app":      "the program runs the wired gateway",
	"gateway/cmd gateway/doctor":   "the program looks before it runs",
	"gateway/ledger gateway/quota": "the ledger is the engine's quota.Record",
}

func TestImports_knowTheirPlace(t *testing.T) {
	for _, file := range goFiles(t) {
		if file.isTest() {
			continue
		}
		for _, imported := range file.imports() {
			if reason := forbidden(file.dir, imported); reason != "" {
				t.Errorf("%s imports %s: %s", file.name, imported, reason)
			}
		}
	}
}

func TestForbidden_refusesEachKindOfImport(t *testing.T) {
	for _, c := range []struct {
		dir, imported string
		want          bool
	}{
		{"provider", module + "internal/client", false},
		{"provider", module + "gateway/app", true},
		{"provider/cmd/terraform-provider-bursar", module + "gateway/quota", true},
		{"internal/client", module + "internal/api", false},
		{"internal/client", module + "gateway/admin", true},
		{"gateway/app", module + "provider", true},
		{"gateway/app", module + "internal/client", true},
		{"gateway/cmd/bursar", module + "internal/client", false},
		{"gateway/cmd/quotabench", module + "gateway/quota", true},
		{"gateway/cmd/quotabench", module + "internal/quotabench", false},
		{"internal/quotabench", module + "gateway/quota", true},
		{"gateway/app", module + "gateway/admin", false},
		{"gateway/admin", module + "gateway/proxy", true},
		{"gateway/admin", module + "gateway/quota", false},
		{"gateway/alert", module + "gateway/alert/webhook", false},
		{"gateway/quota", module + "gateway/admin", true},
		{"gateway/quota", "net/http", true},
		{"gateway/quota/redis", "database/sql", true},
		{"gateway/ledger", module + "gateway/quota", false},
		{"gateway/quota", module + "gateway/ledger", true},
		{"gateway/admin", module + "gateway/store", true},
		{"gateway/app", module + "gateway/store", false},
		{"internal/api", "github.com/google/go-cmp/cmp", true},
		{"internal/api", module + "internal/money", false},
		{"internal/api", module + "internal/modelname", false},
		{"internal/modelname", module + "gateway/policy", true},
		{"internal/testenv", module + "gateway/app", true},
	} {
		if got := forbidden(c.dir, c.imported) != ""; got != c.want {
			t.Errorf("%s importing %s: forbidden is %t, want %t", c.dir, c.imported, got, c.want)
		}
	}
}

// forbidden returns why a package in dir must not import the path, or nothing when it may.
func forbidden(dir, imported string) string {
	ours, isOurs := strings.CutPrefix(imported, module)
	switch {
	case within(dir, "internal/api") || within(dir, "internal/money") || within(dir, "internal/modelname"):
		if strings.Contains(imported, ".") && (!isOurs || !within(ours, "internal/money") && !within(ours, "internal/modelname")) {
			return "the vocabulary needs the standard library only"
		}
	case within(dir, "gateway/quota") && (imported == "net/http" || imported == "database/sql"):
		return "the quota engine knows neither HTTP nor SQL"
	case !isOurs:
		return ""
	case within(dir, "gateway/cmd/quotabench") && within(ours, "gateway"):
		return "the bench for any gateway knows none from within"
	case !within(dir, "gateway") && within(ours, "gateway"):
		return "only the gateway imports the gateway; others use internal/client, or start it in their tests"
	case within(dir, "gateway") && within(ours, "provider"), within(ours, "internal/client") && gatewayItself(dir):
		return "the gateway does not know its clients"
	case within(dir, "gateway") && within(ours, "gateway"):
		return forbiddenInGateway(dir, ours)
	}
	return ""
}

// gatewayItself says whether dir is part of the server; the other commands of bin/bursar are clients of one, and so is
// what moves in from another gateway.
func gatewayItself(dir string) bool {
	return within(dir, "gateway") && !within(dir, "gateway/cmd") && !within(dir, "gateway/litellm")
}

func forbiddenInGateway(dir, imported string) string {
	from, fromLevel := place(dir)
	to, toLevel := place(imported)
	switch {
	case fromLevel < 0:
		return dir + " stands on no level; give it one in internal/repotest"
	case toLevel < 0:
		return imported + " stands on no level; give it one in internal/repotest"
	case from == to || exceptions[from+" "+to] != "":
		return ""
	case to == "gateway/store" && fromLevel > 0:
		return "only gateway/app knows the store; declare the methods needed as an interface"
	case toLevel <= fromLevel:
		return "it does not stand on a lower level; declare the methods needed as an interface"
	}
	return ""
}

// place returns the package of the levels that dir belongs to, and its level; -1 without one.
func place(dir string) (string, int) {
	for level, packages := range levels {
		if i := slices.IndexFunc(packages, func(p string) bool { return within(dir, p) }); i >= 0 {
			return packages[i], level
		}
	}
	return dir, -1
}

// within says whether dir is the folder or lies below it.
func within(dir, folder string) bool {
	return dir == folder || strings.HasPrefix(dir, folder+"/")
}
