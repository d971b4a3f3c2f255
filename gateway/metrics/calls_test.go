package metrics

import (
	"fmt"
	"strings"
	"testing"
)

// What is beyond the bound is counted under others: no more series, and no call left out.
func TestCalls_areBounded(t *testing.T) {
	c := newCalls()
	c.answers.most, c.uses.most = 10, 10
	for i := range 1000 {
		c.answers.of(answer{teamID: fmt.Sprintf("t%d", i), model: "m", status: 200}).count.Add(1)
		c.uses.of(user{teamID: fmt.Sprintf("t%d", i), model: "m"}).spend.Add(1e9)
	}
	var p page
	c.write(&p)
	text := p.text.String()
	for _, want := range []string{
		`bursar_requests_total{model="m",reason="",status="200",team_id="t9"} 1`,
		`bursar_requests_total{model="(others)",reason="",status="200",team_id="(others)"} 990`,
		`bursar_spend_usd_total{model="(others)",team_id="(others)"} 990`,
	} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("%s is missing", want)
		}
	}
	if got := strings.Count(text, "bursar_requests_total{"); got != 11 {
		t.Errorf("%d series", got)
	}
}
