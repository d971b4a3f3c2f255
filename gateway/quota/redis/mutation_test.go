package redis_test

import (
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/redis"
)

// bugEnv names the bug that the tests of this process run with.
const bugEnv = "BURSAR_TEST_SCRIPT_BUG"

// bug is a mistake that a change of the scripts could make: the right text and the wrong one. caughtBy is the test that
// is known to fail with it and runs first; the rest is for when that one no longer does.
type bug struct{ name, right, wrong, caughtBy string }

var bugs = []bug{
	{"a lost reply charges again", "local known = load_reservation(base, q.id)", "local known = nil", ""},
	{"an ended id is admitted again", "if load_ending(base, q.id, now) then", "if false then", ""},
	{"a second settlement is unknown", "  save_ending(base, id, now + remembered)\n  say('settled')", "  say('settled')", ""},
	{"a refund goes to the second under way", "add_earlier(w, 'k' .. second, tokens)", "w.bucket_tokens = w.bucket_tokens + tokens", ""},
	{"a refund comes back after a minute", "if second <= w.second - WINDOW then\n    return\n  end\n", "", "TestRedis/Windows"},
	{"the oldest second is forgotten early", "local WINDOW = 61", "local WINDOW = 60", ""},
	{"what left the window still counts", "w.tokens = w.tokens - amount(values[i + 1])", "", ""},
	{"a clock that goes back opens the window", "elseif second < last then", "elseif false then", ""},
	{"what remains exactly is refused", "used + need_cost > budget.limit", "used + need_cost >= budget.limit", ""},
	{"what others reserved is spent again", "local used = budget.settled + budget.held", "local used = budget.settled", ""},
	{"a settled request stays reserved", "add_held(c, 0 - reserved)", "add_held(c, 0)", ""},
	{"a request that was never sent still counts", "    if unsent then\n", "    if false then\n", ""},
	{"what the gateway sums up is written", "  if summed then\n", "  if false then\n", ""},
	{"a finished request stays live", "w.live = math.max(w.live - 1, 0)", "", ""},
	{"a seed is added", "if held[1] then\n  return 0\nend\n", "ARGV[2], ARGV[4] = ARGV[2] + amount(held[2]), seed_basis(held[2], held[3])\n", "TestPromise_T8_seedsRace"},
	{"a late seed overwrites", "if held[1] then\n  return 0\nend\n", "ARGV[4] = seed_basis(held[2], held[3])\n", "TestPromise_T8_seedsComeLate"},
	{"a seed forgets what was settled meanwhile", "if seed_basis(held[2], held[3]) ~= ARGV[4] then", "if false then", "TestPromise_T9_restoresWhatAFailoverLost"},
	{"a loss is not noticed", "if last < applied then", "if false then", "TestPromise_T9_restoresWhatAFailoverLost"},
	{"a lost settlement is not booked again", "local function unseed(r)\n", "local function unseed(r)\n  r = { budgets = {} }\n", "TestPromise_T9_restoresWhatAFailoverLost"},
	{"a lost reservation is not held again", "add_held(open_counter(budget.key), r.cost)", "", ""},
	{"what was not lost is restored twice", "elseif not known then", "else", "TestPromise_T9_restoresWhatAFailoverLost"},
	{"a raised limit does not arm its alerts", "'m:' .. share .. ':' .. generation", "'m:' .. share", ""},
	{"a refusal is never told", "if #alerts > 0 then\n    local r", "if false then\n    local r", ""},
	{"a refusal that nobody was told raises an alert", "q.final and refused or {}", "refused", ""},
	{"what calls under way reserved is taken for settled", "return w.tokens - math.max(w.reserved, 0)", "return w.tokens", ""},
	{"what has ended is taken for reserved", "    release_window(w, second, r.tokens)\n", "", ""},
	{"what was reserved leaves no window", "w.reserved = w.reserved - amount(values[i + 2])", "", ""},
	{"a rest is taken however small it is", "idle < q.rest and q.idle or q.rest", "q.idle", ""},
	{"what others hold makes an answer shorter", "elseif left >= usual then", "elseif free >= usual then", ""},
	{"a rest is not given whole", "return math.max(free, idle < q.rest and q.idle or q.rest)", "return idle < q.rest and q.idle or q.rest", ""},
	{"a small limit is used once a minute", "idle < q.rest and q.idle or q.rest", "math.min(q.rest, idle)", ""},
	{"a small limit refuses for ever", "  if idle < q.idle then", "  if idle < q.usual then", ""},
	{"a budget never leaves a rest", "budget.hard and budget.limit >= 0 and q.token_cost > 0 and (every or not budget.watched) then\n      least", "false then\n      least", ""},
	{"what is settled is told as held", "local held = settled + need <= limits.tpm", "local held = true", ""},
	{"a request that is too dear hides that the budget is spent", "share = '-' .. share", "", ""},
	{"a throttle is ignored", "budget.settled >= budget.throttle_at", "false", ""},
	{"a throttle refuses everything", "math.max(math.floor(limits.rpm * budget.throttle_factor), 1)", "math.floor(limits.rpm * budget.throttle_factor)", ""},
	{"a crash forgets its checkpoint", "math.max(r.checkpoint_cost, r.input_cost)", "r.input_cost", ""},
	{"a correction books everything again", "spend(terms.budgets, cost - estimate.cost, 0, now)", "spend(terms.budgets, cost, 0, now)", ""},
	{"old limits are still admitted", "return version ~= current", "return false", ""},
	{"a refused request is charged", "if #denials > 0 then\n", "if #denials > 0 then\n  for _, limits in ipairs(q.terms.windows) do charge_window(limits.window, 0) end\n", ""},
	{"an emptied Redis is taken for whole", "if note(gateways .. ':epoch') ~= epoch then", "if false then", "TestPromise_T8_budgetsOpenWhenAllHaveTold"},
	{"budgets open before all have told", "if spends and closed then", "if false then", "TestPromise_T8_budgetsOpenWhenAllHaveTold"},
	{"nobody waits for a gateway that lives", "  redis.call('SADD', awaited, name)\n", "", "TestPromise_T8_budgetsOpenWhenAllHaveTold"},
	{"a new epoch opens without asking around", "opens = now + grace", "opens = now", "TestPromise_T8_newcomersAskAround"},
	{"a seed forgets what was taken back meanwhile", "redis.call('HINCRBY', key, 'v', 1)", "", ""},
	{"a group forgets what it has admitted", "c.held, c.more_held = c.held + cost,", "c.held, c.more_held = c.held,", ""},
	{"a group forgets what it has spent", "c.settled, c.more_settled = c.settled + cost,", "c.settled, c.more_settled = c.settled,", ""},
	{"a group books its last settlement only", "(c.more_settled or 0) + cost", "cost", ""},
	{"a group gives back its last difference only", "(w.earlier[field] or 0) + more", "more", "TestRedis/Together"},
	{"a group charges its last reservation only", "(c.more_held or 0) + cost", "cost", ""},
	{"a group admits one id twice", "  live[id] = packed\n", "", ""},
	{"a group settles one id twice", "  live[id] = false\n", "", ""},
	{"a budget whose periods changed believes an old counter", "if charged and not c.basis and missed(charged, c.filled, now) then", "if false then", ""},
	{"what is only asked about is believed for ever", "if ARGV[2] == '' and not c.basis", "if false", ""},
	{"a period that is over hides what it was charged", "return from <= now and (to == 0 or to > filled)", "return from <= now and (to == 0 or to > now)", "TestRedis/Periods"},
	{"a group is under the limits of its first request", "all_terms[given[p + 2]]", "all_terms[1]", ""},
	{"what was recorded still waits", "gone = gone + tonumber(ARGV[i + 1])", "gone = gone", "TestRedis/Together"},
	{"a watched window refuses", "if not list[i].watched then\n      grant", "if true then\n      grant", ""},
	{"a watched budget refuses", "if not budgets[i].watched then\n      grant", "if true then\n      grant", ""},
	{"a watched window is silent", "if list[i].watched then\n      ask_window", "if false then\n      ask_window", ""},
	{"a watched budget is silent", "if budgets[i].watched then\n      ask_budget", "if false then\n      ask_budget", ""},
	{"a watched window makes answers shorter", "list[i].tpm >= 0 and (every or not list[i].watched)", "list[i].tpm >= 0", ""},
	{"a watched budget makes answers shorter", "q.token_cost > 0 and (every or not budget.watched)", "q.token_cost > 0", ""},
	{"a watched budget throttles", "and (limits.watched or not budget.watched) then", "then", ""},
	{"a limit is watched a moment too long", "watched = now < from", "watched = now <= from", "TestRedis/Watched"},
	{"a watched budget uses up the alert of an enforced one", "        share = 'w' .. share\n", "", ""},
	{"a watched budget stays closed", "and budget.limit >= 0 and not budget.watched\n", "and budget.limit >= 0\n", "TestPromise_T8_budgetsOpenWhenAllHaveTold"},
	{"a period takes in its end", "now < to", "now <= to", "TestPromise_T3_rolloverNeedsNoJob"},
}

// putBugForTest puts the bug that this process was started with into the scripts.
func putBugForTest(options *redis.Options) {
	name := os.Getenv(bugEnv)
	for _, bug := range slices.Concat(bugs, escrowBugs, lateBugs) {
		if bug.name == name {
			redis.RewriteForTest(options, func(script string) string { return strings.ReplaceAll(script, bug.right, bug.wrong) })
		}
	}
}

// TestPromise_T22_seededBugsAreCaught runs the tests of the Redis engine once per bug; each time one must fail.
func TestPromise_T22_seededBugsAreCaught(t *testing.T) {
	catchBugs(t, bugs, "TestPromise_T12_scriptsAreTheModel",
		"^(TestRedis|TestPromise_T3_rolloverNeedsNoJob|TestPromise_T8_.*|TestPromise_T9_restoresWhatAFailoverLost|TestPromise_T12_scriptsAreTheModel)$")
}

// together is how many processes with a bug run at the same time.
const together = 2

// catchBugs runs the given tests once per bug, in a process of its own. The usual test catches most of them.
func catchBugs(t *testing.T, bugs []bug, usual, tests string, env ...string) {
	if os.Getenv(bugEnv) != "" {
		t.Fatal("started with a bug")
	}
	program, err := testsWithoutRaceDetector()
	if err != nil {
		t.Fatal(err)
	}
	scripts, free := allScripts(t), make(chan struct{}, together)
	for _, bug := range bugs {
		t.Run(bug.name, func(t *testing.T) {
			t.Parallel()
			free <- struct{}{}
			defer func() { <-free }()
			if !strings.Contains(scripts, bug.right) {
				t.Fatalf("no script holds %q any more: seed the bug in another way", bug.right)
			}
			for _, chosen := range []string{exactly(cmp.Or(bug.caughtBy, usual)), tests} {
				command := exec.CommandContext(t.Context(), program,
					"-test.run="+chosen, "-test.failfast", "-test.timeout=2m", "-rapid.nofailfile", "-rapid.shrinktime=1ns")
				command.Env = append(append(os.Environ(), bugEnv+"="+bug.name), env...)
				if caught(t, command) {
					return
				}
			}
			t.Errorf("every test passes with this bug")
		})
	}
}

// allScripts are the texts of all scripts, one after the other.
func allScripts(t *testing.T) string {
	names, err := filepath.Glob("script/lua/*.lua")
	if err != nil || len(names) == 0 {
		t.Fatalf("no script was found: %v", err)
	}
	var texts strings.Builder
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		texts.Write(text)
	}
	return texts.String()
}

// exactly is the pattern of one test, or of a test within it.
func exactly(name string) string { return "^" + strings.ReplaceAll(name, "/", "$/^") + "$" }

// caught says whether a test of the command fails.
func caught(t *testing.T, command *exec.Cmd) bool {
	output, err := command.CombinedOutput()
	if err != nil && !strings.Contains(string(output), "--- FAIL") {
		t.Fatalf("the tests did not run: %v\n%s", err, output)
	}
	return err != nil
}

// children is the folder of the program that children with a bug run, removed when all tests have run.
var children string

// testsWithoutRaceDetector builds the tests of this package anew, once: a bug of a script is seen without the
// detector, which makes each process many times slower.
var testsWithoutRaceDetector = sync.OnceValues(func() (program string, err error) {
	if children, err = os.MkdirTemp("", "bursar-quota-"); err != nil {
		return "", err
	}
	program = filepath.Join(children, "quota.test")
	output, err := exec.Command("go", "test", "-race=false", "-c", "-o", program, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build the tests: %w\n%s", err, output)
	}
	return program, nil
})
