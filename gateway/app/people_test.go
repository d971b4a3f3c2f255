package app_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// A member's cap holds over all of the member's keys in the team, at three gateways, and a user's over all
// teams; others go on.
func TestPromise_T1_membersAndUsersAreNeverOverTheirCap(t *testing.T) {
	t.Parallel()
	const memberCap, userCap = 5 * money.USD, 6 * money.USD
	i := install(t, 3)
	for _, team := range []string{"marketing", "research"} {
		i.gateways[0].admin("POST", "/team/new", `{"team_id":"`+team+`"}`)
	}
	i.gateways[1].admin("POST", "/team/member_add", `{"team_id":"marketing","member":{"user_id":"ann"},"max_budget_in_team":5}`)
	i.gateways[2].admin("POST", "/user/new", `{"user_id":"bob","max_budget":6,"auto_create_key":false}`)
	key := func(team, user string) string {
		return i.gateways[0].newKey(fmt.Sprintf(`{"team_id":%q,"user_id":%q}`, team, user))
	}
	keys := []string{key("marketing", "ann"), key("marketing", "ann"), key("marketing", "bob"), key("research", "bob")}

	var workers sync.WaitGroup
	for number := range 12 {
		workers.Go(func() {
			url, key := i.gateways[number%3].URL(), keys[number%len(keys)]
			for call := 0; ; call++ {
				o := try(t.Context(), url, key, fmt.Sprintf("people-%d-%d", number, call), chat(20, "delay_ms=20"))
				if o.status == http.StatusForbidden {
					checkExhausted(t, o)
					return
				}
				if !o.served() || call > 1000 {
					t.Errorf("call %s: %d %s %v", o.id, o.status, o.body, o.interrupted)
					return
				}
			}
		})
	}
	workers.Wait()

	spent := map[string]money.Nano{}
	for user, path := range map[string]string{"ann": "/team/info?team_id=marketing", "bob": "/user/info?user_id=bob"} {
		answer := i.gateways[0].admin("GET", path, "")
		if user == "ann" {
			answer = answer["team_memberships"].([]any)[0].(map[string]any)
		}
		spent[user] = money.Nano(answer["spend"].(float64) * float64(money.USD))
	}
	for user, most := range map[string]money.Nano{"ann": memberCap, "bob": userCap} {
		if spent[user] > most {
			t.Errorf("%s spent %s of %s", user, spent[user], most)
		}
		if left := most - spent[user]; left >= mostReserved {
			t.Errorf("%s has %s left, and a call needs no more than %s", user, left, mostReserved)
		}
	}
	free := i.gateways[0].newKey(`{"team_id":"marketing","user_id":"somebody"}`)
	if o := try(t.Context(), i.gateways[1].URL(), free, "people-free", chat(1, "")); !o.served() {
		t.Errorf("somebody else is refused: %d %s", o.status, o.body)
	}
}

// signIn is an identity provider, and returns its address and what makes its tokens.
func signIn(t *testing.T) (issuer string, token func(claims map[string]any) string) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &key.PublicKey, KeyID: "one"}}})
	}))
	t.Cleanup(server.Close)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: key}, (&jose.SignerOptions{}).WithHeader("kid", "one"))
	if err != nil {
		t.Fatal(err)
	}
	return server.URL, func(claims map[string]any) string {
		all := map[string]any{"iss": server.URL, "aud": "bursar", "exp": time.Now().Add(time.Hour).Unix(), "sub": "ann"}
		maps.Copy(all, claims)
		text, err := jwt.Signed(signer).Claims(all).Serialize()
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
}

func TestGateway_tokensOfAnIdentityProvider(t *testing.T) {
	issuer, token := signIn(t)
	c := settings(t, testenv.StartUpstream(t, testenv.UpstreamOptions{}))
	provider := config.Provider{Issuer: issuer, Audience: "bursar", JWKSURL: issuer, AllowPrivate: true}
	c.JWT = &config.JWT{Provider: provider, TeamClaim: "teams", UserClaim: "sub"}
	c.OIDC = &config.OIDC{
		Provider: provider, RoleClaim: "groups", Roles: map[string]string{"platform": "admin", "leads": "team_admin"},
		TeamsClaim: "teams", UserClaim: "sub",
	}
	g := start(t, c)
	for _, team := range []string{"marketing", "research", "product"} {
		g.admin("POST", "/team/new", `{"team_id":"`+team+`"}`)
	}
	g.admin("POST", "/team/update", `{"team_id":"marketing","rpm_limit":2}`)

	one := token(map[string]any{"teams": "marketing"})
	for call, want := range []int{200, 200, 429} {
		if status, _, body := g.do("POST", "/v1/chat/completions", one, hello); status != want {
			t.Errorf("call %d: %d %s", call, status, body)
		}
	}
	two := token(map[string]any{"teams": []string{"research", "nowhere"}})
	for team, want := range map[string]int{"": 403, "research": 200, "product": 403, "nowhere": 403} {
		if status, _, body := g.doWith("POST", "/v1/chat/completions", two, hello, http.Header{"X-Team-Id": {team}}); status != want {
			t.Errorf("for team %q: %d %s", team, status, body)
		}
	}
	if status, _, body := g.do("POST", "/v1/chat/completions", token(nil), hello); status != 403 || !strings.Contains(body, "names no team") {
		t.Errorf("without a team: %d %s", status, body)
	}
	g.admin("POST", "/team/block", `{"team_id":"research"}`)
	if status, _, _ := g.doWith("POST", "/v1/chat/completions", two, hello, http.Header{"X-Team-Id": {"research"}}); status != 401 {
		t.Errorf("a blocked team is served: %d", status)
	}
	if spend := g.admin("GET", "/team/info?team_id=marketing", "")["spend"]; spend != 2.0 {
		t.Errorf("marketing spent %v", spend)
	}

	lead := token(map[string]any{"groups": []string{"staff", "leads"}, "teams": []string{"product"}, "email": "ann@example.com"})
	for path, want := range map[string]int{"/team/info?team_id=product": 200, "/team/info?team_id=research": 403, "/budget/list": 403} {
		if status, _, body := g.do("GET", path, lead, ""); status != want {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	if status, _, body := g.do("POST", "/key/generate", lead, `{"team_id":"product"}`); status != 200 || !strings.Contains(body, `"created_by":"ann@example.com"`) {
		t.Errorf("a lead's key: %d %s", status, body)
	}
	if status, _, _ := g.do("GET", "/team/list", token(map[string]any{"groups": "staff"}), ""); status != 403 {
		t.Errorf("somebody without a role got %d", status)
	}
}

// A pipeline comes with a token of its platform: the issuer, the audience and the claims decide, and the audit log has them.
func TestGateway_tokensOfPipelines(t *testing.T) {
	issuer, sign := signIn(t)
	c := settings(t, testenv.StartUpstream(t, testenv.UpstreamOptions{}))
	rule := func(name, audience, role, subject string, claims map[string]string, teams ...string) config.Workload {
		w := config.Workload{
			Name: name, Role: role, TeamIDs: teams, Subject: patternOf(t, subject), Claims: map[string]api.ClaimPattern{},
			Provider: config.Provider{Issuer: issuer, Audience: audience, JWKSURL: issuer, AllowPrivate: true},
		}
		for claim, pattern := range claims {
			w.Claims[claim] = patternOf(t, pattern)
		}
		return w
	}
	const main = "repo:acme/infra:ref:refs/heads/main"
	c.Workloads = []config.Workload{
		rule("infra-main", "https://bursar", "admin", main, map[string]string{"repository_id": "7"}),
		rule("infra-any", "https://bursar", "viewer", "repo:acme/infra:**", nil),
		rule("lead", "https://bursar", "team_admin", "repo:acme/marketing:ref:refs/heads/*", nil, "marketing"),
	}
	c.OIDC = &config.OIDC{
		Provider: config.Provider{Issuer: issuer, Audience: "bursar", JWKSURL: issuer, AllowPrivate: true}, RoleClaim: "groups", Roles: map[string]string{"platform": "admin"},
	}
	g := start(t, c)
	g.admin("POST", "/team/new", `{"team_id":"marketing"}`)
	of := func(subject string, more map[string]any) string {
		claims := map[string]any{"aud": "https://bursar", "sub": subject, "repository_id": "7"}
		maps.Copy(claims, more)
		return sign(claims)
	}
	for name, test := range map[string]struct {
		token, method, path, body string
		status                    int
		says                      string
	}{
		"the branch that applies":        {of(main, nil), "POST", "/team/new", `{"team_id":"made"}`, 200, `"created_by":"infra-main"`},
		"another repository of the name": {of(main, map[string]any{"repository_id": "8"}), "POST", "/team/new", `{"team_id":"x"}`, 403, "role viewer may not use"},
		"a pull request":                 {of("repo:acme/infra:pull_request", nil), "POST", "/team/new", `{"team_id":"x"}`, 403, "role viewer may not use"},
		"a pull request reads":           {of("repo:acme/infra:pull_request", nil), "GET", "/team/list", "", 200, "marketing"},
		"another repository":             {of("repo:acme/infra2:ref:refs/heads/main", nil), "GET", "/team/list", "", 401, "no workload of the gateway's file fits the token"},
		"a role that people have":        {of("repo:evil/x:ref:refs/heads/main", map[string]any{"groups": "platform"}), "GET", "/team/list", "", 401, "no workload"},
		"another audience":               {of(main, map[string]any{"aud": "https://other"}), "GET", "/team/list", "", 401, "for another audience"},
		"an old token":                   {of(main, map[string]any{"exp": time.Now().Add(-time.Hour).Unix()}), "GET", "/team/list", "", 401, "the token has expired"},
		"a token without an end":         {of(main, map[string]any{"exp": nil}), "GET", "/team/list", "", 401, "does not say when it ends"},
		"another issuer":                 {of(main, map[string]any{"iss": "https://evil.example.com"}), "GET", "/team/list", "", 401, "of another issuer"},
		"a forged one":                   {of(main, nil) + "x", "GET", "/team/list", "", 401, "the token's signature is wrong"},
		"a team's pipeline":              {of("repo:acme/marketing:ref:refs/heads/main", nil), "POST", "/key/generate", `{"team_id":"marketing"}`, 200, `"created_by":"lead"`},
		"and not for others":             {of("repo:acme/marketing:ref:refs/heads/main", nil), "GET", "/team/info?team_id=made", "", 403, ""},
		"a person goes on":               {sign(map[string]any{"groups": "platform"}), "GET", "/team/list", "", 200, "marketing"},
	} {
		status, _, body := g.do(test.method, test.path, test.token, test.body)
		if status != test.status || !strings.Contains(body, test.says) {
			t.Errorf("%s: %d %s, want %d and %q", name, status, body, test.status, test.says)
		}
		if strings.Contains(body, test.token) {
			t.Errorf("%s: the token is repeated", name)
		}
	}
	audit, err := json.Marshal(g.admin("GET", "/audit?credential_id="+url.QueryEscape(issuer+"#"+main), ""))
	if err != nil || !strings.Contains(string(audit), `"credential_kind":"workload"`) || !strings.Contains(string(audit), "team.create") {
		t.Errorf("the audit log has %s, %v", audit, err)
	}
}

// Where two must agree, a rule is one, whatever branch its tokens are of.
func TestGateway_pipelinesOfOneRuleAreOne(t *testing.T) {
	issuer, sign := signIn(t)
	c := settings(t, testenv.StartUpstream(t, testenv.UpstreamOptions{}))
	c.ReviewsByOthers = true
	for name, subject := range map[string]string{"branches": "repo:acme/infra:ref:refs/heads/*", "approves": "repo:acme/infra:environment:approval"} {
		c.Workloads = append(c.Workloads, config.Workload{
			Name: name, Role: "admin", Subject: patternOf(t, subject),
			Provider: config.Provider{Issuer: issuer, Audience: "https://bursar", JWKSURL: issuer, AllowPrivate: true},
		})
	}
	g := start(t, c)
	g.admin("POST", "/team/new", `{"team_id":"a","rpm_limit":10}`)
	status, _, body := g.doWith("POST", "/team/new", c.AdminKey, `{"team_id":"b"}`, http.Header{api.HeaderActor: {"branches"}})
	if status != http.StatusOK || !strings.Contains(body, `"created_by":"admin (branches)"`) {
		t.Errorf("somebody else signs as a pipeline: %d %s", status, body)
	}
	of := func(subject string) string {
		return sign(map[string]any{"aud": "https://bursar", "sub": "repo:acme/infra:" + subject})
	}
	for approver, want := range map[string]int{"ref:refs/heads/main": 409, "ref:refs/heads/other": 409, "environment:approval": 200} {
		status, _, body := g.do("POST", "/quota_review/new", of(approver), `{"changes":[{"address":"bursar_team.a","noun":"team","action":"update","identity":{"team_id":"a"},"before":{"rpm_limit":10},"after":{"rpm_limit":20}}]}`)
		var review struct {
			ID string `json:"quota_review_id"`
		}
		if err := json.Unmarshal([]byte(body), &review); status != http.StatusOK || err != nil {
			t.Fatal(status, body, err)
		}
		status, _, body = g.doWith("POST", "/team/update", of("ref:refs/heads/main"), `{"team_id":"a","rpm_limit":20}`, http.Header{api.HeaderApprovedReview: {review.ID}})
		if status != want || want == 409 && !strings.Contains(body, "approved_by_others wants two") {
			t.Errorf("approved by %s: %d %s, want %d", approver, status, body, want)
		}
		if status == http.StatusOK {
			g.admin("POST", "/team/update", `{"team_id":"a","rpm_limit":10}`)
		}
	}
}

func patternOf(t *testing.T, text string) api.ClaimPattern {
	t.Helper()
	pattern, err := api.ParseClaimPattern(text)
	if err != nil {
		t.Fatal(err)
	}
	return pattern
}

// T19: nothing that a caller says about itself chooses who pays or what is allowed.
func TestPromise_T19_identityComesFromTheKeyAlone(t *testing.T) {
	g := start(t, settings(t, testenv.StartUpstream(t, testenv.UpstreamOptions{})))
	for _, team := range []string{"marketing", "research"} {
		g.admin("POST", "/team/new", `{"team_id":"`+team+`"}`)
	}
	g.admin("POST", "/user/new", `{"user_id":"ann","auto_create_key":false}`)
	g.admin("POST", "/team/member_add", `{"team_id":"research","member":{"user_id":"ann"}}`)
	key := g.newKey(`{"team_id":"marketing"}`)
	calls := 0.0
	for _, name := range []string{
		"X-User", "X-User-Id", "X_Team_Id", "X-Forwarded-User", "X-Forwarded-For", "X-Litellm-Team-Id", "X-Litellm-User-Id", "X-Litellm-Tags",
		"X-Bursar-Actor", "X-Bursar-Team-Id", "X-Bursar-Key-Id", "X-Bursar-Role", "X-Original-Url", "X-Http-Method-Override", "Litellm-Changed-By",
	} {
		body := strings.Replace(hello, "{", `{"user":"ann","metadata":{"team_id":"research","user_api_key_team_id":"research","user_id":"ann"},`, 1)
		status, _, text := g.doWith("POST", "/v1/chat/completions", key, body, http.Header{name: {"research"}})
		if status != http.StatusOK {
			t.Fatalf("%s: %d %s", name, status, text)
		}
		calls++
		if status, _, _ := g.doWith("POST", "/team/update", key, `{"team_id":"marketing","rpm_limit":9}`, http.Header{name: {"admin"}}); status != http.StatusForbidden {
			t.Errorf("%s: a key for models changed a team: %d", name, status)
		}
	}
	if spend := g.admin("GET", "/team/info?team_id=marketing", "")["spend"]; spend != calls {
		t.Errorf("marketing spent %v for %v calls", spend, calls)
	}
	if spend := g.admin("GET", "/team/info?team_id=research", "")["spend"]; spend != 0.0 {
		t.Errorf("research pays %v for others", spend)
	}
	if spend := g.admin("GET", "/user/info?user_id=ann", "")["spend"]; spend != 0.0 {
		t.Errorf("ann pays %v for others", spend)
	}
}
