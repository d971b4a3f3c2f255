package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// nanoPerToken is what a token costs in nano-USD; gateway.yaml says so per million.
const nanoPerToken = 10_000

// team is one tenant: its limits, and how its callers behave.
type team struct {
	id  string
	key string
	// rpm and tpm are the limits of any 60 seconds, 0 none.
	rpm, tpm int64
	parallel int64
	budget   *budget
	// callers call without a pause but pauseMS; streams of them stream.
	callers, streams int
}

// budget is a hard cap that is raised again and again, so that callers keep pressing against it.
type budget struct {
	// id is the pot's, "" for a team's own budget.
	id    string
	teams []string
	// steps are the caps in force, in nano-USD, each until the next one's moment.
	steps []capStep
	// raise is by how much the cap goes up each time.
	raise int64
}

type capStep struct {
	// from is just before the cap was raised to it, by the clock of Redis, in unix milliseconds.
	from int64
	cap  int64
	// inForce is when the gateways had confirmed it, the zero time when they did not.
	inForce time.Time
}

func (b *budget) cap() int64 { return b.steps[len(b.steps)-1].cap }

func (b *budget) name() string {
	if b.id != "" {
		return "pot " + b.id
	}
	return "team " + b.teams[0]
}

func newTeams() []*team {
	own := &budget{teams: []string{"capped"}, raise: 12_000_000}
	pot := &budget{id: "both", teams: []string{"pot-a", "pot-b"}, raise: 12_000_000}
	return []*team{
		{id: "requests", rpm: 120, callers: 3},
		{id: "tokens", tpm: 4000, callers: 3},
		{id: "capped", budget: own, callers: 3, streams: 1},
		{id: "pot-a", budget: pot, callers: 2},
		{id: "pot-b", budget: pot, callers: 2, streams: 1},
		{id: "streams", parallel: 5, callers: 7, streams: 7},
	}
}

// budgets lists each budget once.
func (s *stage) budgets() (budgets []*budget) {
	seen := map[*budget]bool{nil: true}
	for _, t := range s.teams {
		if !seen[t.budget] {
			budgets = append(budgets, t.budget)
		}
		seen[t.budget] = true
	}
	return budgets
}

// declare makes the teams, their keys and the pot.
func (s *stage) declare(ctx context.Context) error {
	for _, t := range s.teams {
		if err := s.declareTeam(ctx, t); err != nil {
			return err
		}
	}
	for _, b := range s.budgets() {
		if b.id != "" {
			fields := map[string]any{"budget_id": b.id, "team_ids": b.teams, "max_budget": 0}
			if _, err := s.admin(ctx, "/budget/new", fields); err != nil {
				return err
			}
		}
		b.steps = []capStep{{}}
		if err := s.raise(ctx, b); err != nil {
			return err
		}
	}
	return nil
}

func (s *stage) declareTeam(ctx context.Context, t *team) error {
	fields := map[string]any{"team_id": t.id}
	for name, limit := range map[string]int64{"rpm_limit": t.rpm, "tpm_limit": t.tpm, "max_parallel_requests": t.parallel} {
		if limit > 0 {
			fields[name] = limit
		}
	}
	if _, err := s.admin(ctx, "/team/new", fields); err != nil {
		return err
	}
	made, err := s.admin(ctx, "/key/generate", map[string]any{"team_id": t.id})
	if err != nil {
		return err
	}
	t.key, _ = made["key"].(string)
	return nil
}

// raise gives a budget its next cap. The one before was in force at least until now.
func (s *stage) raise(ctx context.Context, b *budget) error {
	from, err := s.now(ctx)
	if err != nil {
		return fmt.Errorf("read the clock of Redis: %w", err)
	}
	next := b.cap() + b.raise
	path, fields := "/team/update", map[string]any{"team_id": b.teams[0], "max_budget": usd(next)}
	if b.id != "" {
		path, fields = "/budget/update", map[string]any{"budget_id": b.id, "max_budget": usd(next)}
	}
	// Noted even if the answer fails: the cap may be raised all the same.
	b.steps = append(b.steps, capStep{from: from, cap: next})
	if _, err = s.admin(ctx, path, fields); err == nil {
		b.steps[len(b.steps)-1].inForce = time.Now()
	}
	return err
}

// admin sends an admin request to the first gateway that takes it; without fields it reads.
func (s *stage) admin(ctx context.Context, path string, fields map[string]any) (answer map[string]any, err error) {
	method, body := http.MethodGet, []byte(nil)
	if fields != nil {
		method = http.MethodPost
		if body, err = json.Marshal(fields); err != nil {
			return nil, fmt.Errorf("describe %s: %w", path, err)
		}
	}
	for _, g := range s.gateways {
		if answer, err = s.adminAt(ctx, method, g.url+path, body); err == nil {
			return answer, nil
		}
	}
	return nil, fmt.Errorf("%s %s: %w", method, path, err)
}

func (s *stage) adminAt(ctx context.Context, method, url string, body []byte) (answer map[string]any, err error) {
	request, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+s.adminKey)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%d %s", response.StatusCode, data)
	}
	return answer, json.Unmarshal(data, &answer)
}
