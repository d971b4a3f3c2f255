//go:build agents

package agenttest_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// patience is how long an agent may take for a task. On a busy machine they start slowly.
const patience = 4 * time.Minute

// agent is a coding agent with a home and a folder of its own.
type agent struct {
	program
	gateway      *gateway
	team, key    string
	home, folder string
}

// program is what the agents differ in.
type program struct {
	// title is what the tests call it, name what its program is called.
	title, name string
	// refusal is the status that a spent budget has in the agent's dialect.
	refusal int64
	// thought is how what the model thought stands in the call that follows.
	thought string
	// reads makes an answer a call of the tool that reads note.txt, writes one of the tool that copies it to copy.txt.
	reads, writes func(*agent, *testenv.Behaviour)
	// searches makes the agent search the web: an answer that asks for it, or none where the provider searches by itself.
	searches func(*testenv.Behaviour)
	// cumulative: a session that goes on counts what it used before as well.
	cumulative bool
	// titleUSD is what the call for a session's title costs, which some make and leave out of their figure.
	titleUSD float64
	// full is a prompt, in tokens, after which it sums up the conversation by itself, compact the task that has it do so
	// where it does not; rounds are the calls that must come before.
	full    int64
	compact string
	rounds  int
	// compactionUSD is what the call that sums up costs, which some leave out of their figure.
	compactionUSD float64
	// cost is what a run cost by the agent's own count.
	cost func(said) float64
	// prepare writes the settings that it reads from files.
	prepare func(*testing.T, *agent)
	// arguments are the command line for a task; session continues one.
	arguments func(a *agent, task, session string) []string
	// env are the settings that it reads from the environment.
	env func(*agent) []string
	// read understands what it printed.
	read func(output []byte) said
}

// said is what an agent told about its work.
type said struct {
	text    string
	session string
	// costUSD is the agent's own figure, tokens are what it counted.
	costUSD               float64
	input, cached, output int64
	failed                bool
}

// outcome is a run that ended.
type outcome struct {
	said
	raw  string
	code int
}

func newAgent(t *testing.T, p program, g *gateway, key string) *agent {
	t.Helper()
	a := &agent{program: p, gateway: g, key: key, home: t.TempDir(), folder: t.TempDir()}
	if p.prepare != nil {
		p.prepare(t, a)
	}
	return a
}

// command is the agent on a task, with nothing of this machine's settings and no way out of it.
func (a *agent) command(ctx context.Context, task, session string) *exec.Cmd {
	command := exec.CommandContext(ctx, filepath.Join(os.Getenv("AGENTS"), a.name), a.arguments(a, task, session)...)
	command.Dir = a.folder
	command.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + a.home, "SHELL=/bin/bash", "LANG=C.UTF-8", "TERM=dumb",
		// What wants to leave this machine meets a closed door.
		"HTTPS_PROXY=http://127.0.0.1:9", "HTTP_PROXY=http://127.0.0.1:9", "NO_PROXY=127.0.0.1,localhost",
	}, a.env(a)...)
	command.WaitDelay = 5 * time.Second
	return command
}

// run gives the agent a task and waits until it ends.
func (a *agent) run(t *testing.T, task, session string) outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	command := a.command(ctx, task, session)
	raw, err := command.CombinedOutput()
	done := outcome{raw: string(raw), code: command.ProcessState.ExitCode()}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) || ctx.Err() != nil {
		t.Fatalf("%s did not end: %v\n%s", a.name, err, raw)
	}
	done.said = a.read(raw)
	return done
}
