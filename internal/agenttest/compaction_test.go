//go:build agents

package agenttest_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// An agent whose conversation fills the model's window has it summed up, and goes on from the summary.
func TestCompaction(t *testing.T) {
	each(t, func(t *testing.T, a *agent) {
		// What is short is not summed up.
		write(t, filepath.Join(a.folder, "note.txt"), strings.Repeat("the treasurer keeps the purse\n", 1000))
		summed, read := false, 0
		a.gateway.model.Script(func(asked testenv.Asked) testenv.Behaviour {
			switch {
			case compacting(asked):
				summed = true
				return testenv.Behaviour{Say: "Summed up: the note was read.", PromptTokens: 2000}
			case !tooled(asked):
				return testenv.Behaviour{Say: "A title", PromptTokens: 1000}
			}
			step := usage(testenv.Behaviour{Say: "It was read."})
			if !summed && read < a.rounds {
				a.reads(a, &step)
				if read++; read == a.rounds {
					step.PromptTokens = max(step.PromptTokens, a.full)
				}
			}
			return step
		})
		runs := []outcome{a.run(t, "Read note.txt.", "")}
		if a.compact != "" {
			runs = append(runs, a.run(t, a.compact, runs[0].session), a.run(t, "Was it read?", runs[0].session))
		}
		done := runs[len(runs)-1]
		if done.text != "It was read." || done.failed || !summed {
			t.Errorf("summed up: %t, %q\n%s", summed, done.text, done.raw)
		}
		work := a.work()
		last := string(work[len(work)-1].Body)
		if !strings.Contains(last, "Summed up: the note was read.") && !strings.Contains(last, `"encrypted_content":"c3VtbWVk"`) {
			t.Errorf("the last of %d calls goes on from no summary:\n%s", len(work), last)
		}
		a.agrees(t, runs...)
	})
}
