package quotabench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"time"
)

// Commands kill and start something by commands of the shell, such as docker kill and docker start.
type Commands struct {
	KillWith, StartWith string
	// Ready are addresses that answer, with whatever status, once it runs again.
	Ready []string
}

// Kill implements [Process].
func (c Commands) Kill(ctx context.Context) error { return shell(ctx, c.KillWith) }

// Start implements [Process].
func (c Commands) Start(ctx context.Context) error {
	if err := shell(ctx, c.StartWith); err != nil {
		return err
	}
	const atMost = time.Minute
	for deadline := time.Now().Add(atMost); ; {
		if c.answers(ctx) {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%q was run, and %v does not answer after %s", c.StartWith, c.Ready, atMost)
		}
		if err := sleep(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
}

func (c Commands) answers(ctx context.Context) bool {
	for _, url := range c.Ready {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return false
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return false
		}
		_ = response.Body.Close()
	}
	return true
}

// shell runs a command. What it starts in the background may keep its output open: that is not waited for.
func shell(ctx context.Context, command string) error {
	var output bytes.Buffer
	process := exec.CommandContext(ctx, "sh", "-c", command)
	process.Stdout, process.Stderr, process.WaitDelay = &output, &output, time.Second
	if err := process.Run(); err != nil && !errors.Is(err, exec.ErrWaitDelay) {
		return fmt.Errorf("run %q: %w: %.200s", command, err, output.Bytes())
	}
	return nil
}
