package litellm_test

import (
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// perCall is what ten tokens cost.
const perCall = money.USD / 10

// Applications call both with one key while what LiteLLM counts is imported again and again: no call fails, and at the end
// everything that either has counted is counted here, to the cent.
func TestSwitch_whileApplicationsCallBoth(t *testing.T) {
	cent := 10_000 * money.USD // per million tokens
	upstream := testenv.StartUpstream(t, testenv.UpstreamOptions{})
	m := newMove(t, "testdata/one_team.sql", config.Model{
		Name: "gpt-4.1-mini", Upstream: "openai", BaseURL: upstream.URL(), UpstreamModel: "gpt-4.1-mini",
		Price: &api.ModelPrice{TokenPrices: api.TokenPrices{Input: &cent, Output: &cent}},
	})
	m.apply()
	var here, there atomic.Int64
	var callers errgroup.Group
	for range 4 {
		callers.Go(func() error {
			for n := range 20 {
				if n%2 == 0 {
					there.Add(1)
					if err := m.callLiteLLM(); err != nil {
						return err
					}
					continue
				}
				here.Add(1)
				if status := m.chat("sk-the-application-of-web"); status != http.StatusOK {
					t.Errorf("a call is answered %d", status)
				}
			}
			return nil
		})
	}
	for range 3 {
		if err := m.plan(false).Apply(t.Context(), io.Discard); err != nil {
			t.Error(err)
		}
	}
	if err := callers.Wait(); err != nil {
		t.Fatal(err)
	}
	m.apply() // after the last call at LiteLLM
	want := 12_300_000_000 + perCall*money.Nano(here.Load()+there.Load())
	team := m.team("web")
	if team.Spend != want || team.Keys[0].Spend != want {
		t.Errorf("the team has spent %s and its key %s, of %s that both have counted", team.Spend, team.Keys[0].Spend, want)
	}
}

// callLiteLLM is a call that LiteLLM serves and counts.
func (m *move) callLiteLLM() error {
	_, err := m.sql.ExecContext(m.Context(), `WITH t AS (UPDATE "LiteLLM_TeamTable" SET spend = spend + 0.1 WHERE team_id = 'web')
		UPDATE "LiteLLM_VerificationToken" SET spend = spend + 0.1 WHERE key_alias = 'app'`)
	return err
}

// chat is a call of ten tokens that the gateway serves.
func (m *move) chat(secret string) int {
	body := `{"model":"gpt-4.1-mini","max_tokens":50,"messages":[{"role":"user","content":"fake: prompt_tokens=5 completion_tokens=5"}]}`
	request, err := http.NewRequestWithContext(m.Context(), http.MethodPost, m.url+"/v1/chat/completions", strings.NewReader(body))
	if err != nil {
		m.Error(err)
		return 0
	}
	request.Header.Set("Authorization", "Bearer "+secret)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		m.Error(err)
		return 0
	}
	_, _ = io.Copy(io.Discard, response.Body)
	_ = response.Body.Close()
	return response.StatusCode
}
