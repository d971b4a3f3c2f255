//go:build agents

package agenttest_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// usage makes an answer cost what a real one would: most of an agent's prompt comes from the cache.
func usage(b testenv.Behaviour) testenv.Behaviour {
	b.PromptTokens, b.CachedTokens, b.CacheWriteTokens = 20_000, 15_000, 3_000
	return b
}

func TestChat(t *testing.T) {
	each(t, func(t *testing.T, a *agent) {
		a.answers(func(testenv.Asked) testenv.Behaviour { return usage(testenv.Behaviour{Say: "It is a folder."}) })
		done := a.run(t, "Where am I?", "")
		if done.text != "It is a folder." || done.failed || done.code != 0 {
			t.Errorf("%q, exit %d\n%s", done.text, done.code, done.raw)
		}
		a.agrees(t, done)
	})
}

// copiesANote has the agent read a file and write another, which takes three calls, each with what step adds.
func (a *agent) copiesANote(t *testing.T, step testenv.Behaviour) outcome {
	t.Helper()
	write(t, filepath.Join(a.folder, "note.txt"), "the treasurer's note")
	a.answers(func(asked testenv.Asked) testenv.Behaviour {
		step := step
		step.Say = "Done: it is copied."
		step = usage(step)
		switch results(asked) {
		case 0:
			a.reads(a, &step)
		case 1:
			a.writes(a, &step)
		}
		return step
	})
	done := a.run(t, "Copy note.txt to copy.txt.", "")
	if done.text != "Done: it is copied." || done.failed || done.code != 0 {
		t.Errorf("%q, exit %d\n%s", done.text, done.code, done.raw)
	}
	return done
}

// An agent thinks, reads a file, writes another, and says so; its thoughts come back to the provider as it sent them.
func TestToolLoop(t *testing.T) {
	each(t, func(t *testing.T, a *agent) {
		done := a.copiesANote(t, testenv.Behaviour{ReasoningTokens: 30})
		copied, err := os.ReadFile(filepath.Join(a.folder, "copy.txt"))
		if err != nil || strings.TrimSpace(string(copied)) != "the treasurer's note" {
			t.Errorf("the copy: %q %v\n%s", copied, err, done.raw)
		}
		seen := a.work()
		if len(seen) != 3 {
			t.Fatalf("%d calls, want 3\n%s", len(seen), done.raw)
		}
		if last := string(seen[2].Body); !strings.Contains(last, "the treasurer's note") || !strings.Contains(last, a.thought) {
			t.Errorf("the last call has not what the tool read, or not the thought %q:\n%s", a.thought, last)
		}
		a.agrees(t, done)
	})
}

// The web is searched by the provider, at a price for each search that the catalogue has. opencode has no search of
// its own that a gateway sees, and Codex of this version sends none unless it is told to.
func TestWebSearch(t *testing.T) {
	eachOf(t, []program{claude}, `{}`, func(t *testing.T, a *agent) {
		a.answers(func(asked testenv.Asked) testenv.Behaviour {
			step := usage(testenv.Behaviour{Say: "Herons wade."})
			switch {
			case searching(asked):
				step.Searches = 2
			case results(asked) == 0:
				a.searches(&step)
			}
			return step
		})
		done := a.run(t, "What do herons do?", "")
		if done.text != "Herons wade." || done.failed {
			t.Errorf("%q\n%s", done.text, done.raw)
		}
		a.agrees(t, done)
	})
}

// A session goes on with what was said in it before.
func TestResume(t *testing.T) {
	each(t, func(t *testing.T, a *agent) {
		a.answers(func(testenv.Asked) testenv.Behaviour { return usage(testenv.Behaviour{Say: "The word is heron."}) })
		first := a.run(t, "Think of a word.", "")
		a.answers(func(testenv.Asked) testenv.Behaviour { return usage(testenv.Behaviour{Say: "It was heron."}) })
		second := a.run(t, "Which word was it?", first.session)
		seen := a.work()
		if second.text != "It was heron." || len(seen) != 2 || !strings.Contains(string(seen[1].Body), "The word is heron.") {
			t.Errorf("%d calls, %q after %q\n%s", len(seen), second.text, first.text, second.raw)
		}
		a.agrees(t, first, second)
	})
}

// each runs a test for every agent, with a gateway, a team and folders of its own.
func each(t *testing.T, test func(*testing.T, *agent)) {
	t.Helper()
	eachOf(t, programs, `{}`, test)
}

func eachOf(t *testing.T, of []program, terms string, test func(*testing.T, *agent)) {
	t.Helper()
	for _, p := range of {
		t.Run(p.title, func(t *testing.T) {
			g := startGateway(t)
			team, key := g.team(t, terms)
			a := newAgent(t, p, g, key)
			a.team = team
			test(t, a)
		})
	}
}

// answers scripts the model. Calls besides the work, such as for a title, get a short answer.
func (a *agent) answers(script testenv.Script) {
	a.gateway.model.Script(func(asked testenv.Asked) testenv.Behaviour {
		if !tooled(asked) {
			return testenv.Behaviour{Say: "A title", PromptTokens: 1000}
		}
		return script(asked)
	})
}

// work are the calls that an agent made for its task, in order.
func (a *agent) work() (calls []testenv.UpstreamRequest) {
	for _, request := range a.gateway.model.Requests() {
		if tooled(testenv.Asked{Path: request.Path, Body: request.Body}) {
			calls = append(calls, request)
		}
	}
	return calls
}

// agrees holds what the agent says it cost against what the gateway charged its team.
func (a *agent) agrees(t *testing.T, runs ...outcome) {
	t.Helper()
	info := a.gateway.admin(t, "GET", "/team/info?team_id="+a.team, "")
	if a.cumulative {
		runs = runs[len(runs)-1:]
	}
	var own float64
	for _, run := range runs {
		own += a.cost(run.said)
	}
	for _, request := range a.gateway.model.Requests() {
		switch asked := (testenv.Asked{Path: request.Path, Body: request.Body}); {
		case titling(asked):
			own += a.titleUSD
		case compacting(asked):
			own += a.compactionUSD
		}
	}
	booked := info.Get("spend").Float()
	if fmt.Sprintf("%.6f", own) != fmt.Sprintf("%.6f", booked) || booked == 0 {
		t.Errorf("the agent says $%.6f, the gateway charged $%.6f", own, booked)
	}
}
