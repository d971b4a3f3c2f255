package main

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"

	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// diskRun is what became of the calls of a gateway whose stores are on a disk that was full for a while.
type diskRun struct {
	// untried is why there is none.
	untried string
	// asked are the calls, answered those with a whole answer, refused those that no provider was asked for.
	asked, answered, refused int
	// spent is what the ledger says, billed what the model server does, in nano-USD; taken are the calls that came to it.
	spent, billed int64
	taken         int
}

const (
	// diskSize is enough for a new database and some hundred rows.
	diskSize = 16 << 20
	// diskCalls are made before, while and after the disk is full.
	diskCalls = 40
)

// fillDisk runs a gateway with embedded stores beside the others, and lets its disk be full for some of its calls.
func (s *stage) fillDisk(ctx context.Context) error {
	s.out.say("A gateway with embedded stores of its own is called before, while and after its disk is full.")
	run := &diskRun{}
	s.disk = run
	var dir string
	if err := s.bench.attempt(func() { dir = testenv.SmallDisk(s.bench, diskSize) }); err != nil {
		run.untried = err.Error()
		s.out.say("It was not tried: %v", err)
		return nil
	}
	upstream, err := testenv.NewUpstream(testenv.UpstreamOptions{})
	if err != nil {
		return fmt.Errorf("start another fake model server: %w", err)
	}
	defer upstream.Close()
	g, err := s.startAlone(ctx, dir, upstream.URL())
	if err != nil {
		return err
	}
	defer func() { g.kill(); g.link.close() }()
	alone := &stage{out: s.out, bench: s.bench, adminKey: s.adminKey, gateways: []*gateway{g}, seed: s.seed}
	full := &team{id: "full"}
	if err := alone.declareTeam(ctx, full); err != nil {
		return err
	}
	caller := &caller{stage: alone, team: full, client: &http.Client{Timeout: callTimeout}}
	ask := func(id string) call {
		made := caller.call(id, 0, `{"model":"gpt-4.1-mini","max_tokens":20,"messages":[{"role":"user","content":"`+id+`\nfake: prompt_tokens=5 completion_tokens=5"}]}`)
		run.note(made)
		return made
	}
	call := func(when string) {
		for n := range diskCalls {
			ask(fmt.Sprintf("full-%s-%d", when, n))
		}
	}
	call("before")
	var free func()
	if err := s.bench.attempt(func() { free = testenv.FillDisk(s.bench, dir) }); err != nil {
		return err
	}
	call("while")
	free()
	tries := 0
	served := func(context.Context) bool {
		tries++
		made := ask(fmt.Sprintf("full-again-%d", tries))
		return made.whole
	}
	if err := await(ctx, patience, served); err != nil {
		return fmt.Errorf("wait for the gateway whose disk has room again: %w", err)
	}
	call("after")
	bill := upstream.Billed()
	run.billed, run.taken = (bill.PromptTokens+bill.CompletionTokens)*nanoPerToken, len(upstream.Requests())
	return await(ctx, patience, func(ctx context.Context) bool {
		answer, err := alone.admin(ctx, "/team/info?team_id=full", nil)
		spend, _ := answer["spend"].(float64)
		run.spent = int64(spend*1e9 + 0.5)
		return err == nil && run.spent == run.billed
	})
}

// startAlone starts a gateway with embedded stores.
func (s *stage) startAlone(ctx context.Context, dir, upstream string) (*gateway, error) {
	own := s.common
	own.upstreamURL, own.databaseURL = upstream, "sqlite:"+filepath.Join(dir, "bursar.db")
	g, err := newGateway(gateways, own, s.bench.dir, s.primary.Addr())
	if err != nil {
		return nil, err
	}
	g.env = append(g.env, "BURSAR_REDIS_URL=", "BURSAR_DATA_DIR="+dir)
	if err := g.start(ctx); err != nil {
		g.link.close()
		return nil, err
	}
	return g, nil
}

func (r *diskRun) note(c call) {
	r.asked++
	switch {
	case c.whole:
		r.answered++
	case c.refusal == statusUnavailable:
		r.refused++
	}
}

// fullDisk judges the gateway whose disk was full: all that its provider bills is in its ledger, and while nothing could
// be written down it asked for no more than it had to find that out.
func (e *evidence) fullDisk() {
	r := e.stage.disk
	if r == nil {
		return
	}
	if r.untried != "" {
		e.figure("disk full", "not tried: %s", r.untried)
		return
	}
	e.figure("disk full", "1 x; asked %d, answered %d, refused %d, unanswered and billed %d; billed and not booked %d nano-USD",
		r.asked, r.answered, r.refused, r.taken-r.answered, r.billed-r.spent)
	if r.billed != r.spent {
		e.breaks("A full disk", "the model server bills %d nano-USD, the ledger says %d", r.billed, r.spent)
	}
	if r.taken-r.answered > 1 {
		e.breaks("A full disk", "%d calls went to the model server while nothing could be written down", r.taken-r.answered)
	}
	if r.answered < 2*diskCalls-1 {
		e.breaks("A full disk", "only %d of %d calls before and after were answered", r.answered, 2*diskCalls)
	}
}
