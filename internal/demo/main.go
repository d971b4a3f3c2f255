// Command demo shows once, on this machine, what Bursar does: teams and budgets applied by
// Terraform, a rate limit and a cap that hold, alerts, the review of a quota change, drift
// that is seen and repaired, and a team that is imported as it is.
//
// It promises to touch nothing outside a temporary folder and loopback ports, to say what
// it does while it does it, and to exit with 0 only if it saw every single thing happen.
// It must never know the gateway or the provider but as the programs in bin/.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// timeout ends a demo that hangs; a good one takes half a minute.
const timeout = 4 * time.Minute

func main() {
	keep := flag.Bool("keep", false, "stop before everything is destroyed, and wait: for looking around in the console")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, *keep)
	stop()
	switch {
	case err == nil:
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(os.Stderr, "\nStopped; everything the demo started is gone.")
		os.Exit(130)
	default:
		fmt.Fprintln(os.Stderr, "\nThe demo failed:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, keep bool) (err error) {
	bounded, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	d, err := newDemo(bounded, os.Stdout)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.close()) }()

	began := time.Now()
	steps := d.steps()
	if keep {
		steps = steps[:len(steps)-1] // the last one destroys everything
	}
	for number, step := range steps {
		d.out.title(number+1, step.title)
		if err := step.run(bounded); err != nil {
			return d.explain(bounded, number+1, step.title, err)
		}
	}
	d.out.end("All %d steps were seen, in %.0f seconds.", len(steps), time.Since(began).Seconds())
	if !keep {
		d.out.end("Who spent what stood at %s/console/ meanwhile; make demo KEEP=1 keeps it open to look around.", d.gateway.url)
		return nil
	}
	d.out.end("Look around at %s/console/ and sign in with %s\nor, as the team research, with %s\nCtrl-C ends it.",
		d.gateway.url, d.adminKey, d.keys["research"])
	<-ctx.Done()
	return nil
}
