package provider_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"golang.org/x/sync/errgroup"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

const (
	// estateSize is how many teams, each with a key, a large estate has.
	estateSize = 2000
	// maxRequests is what a refresh of it may ask of the gateway.
	maxRequests = 50
	// plannedSize is smaller, as Terraform itself takes long for thousands of objects.
	plannedSize = 60
)

const estateConfig = `
terraform {
  required_providers {
    bursar = {
      source = "bursarhq/bursar"
    }
  }
}

locals {
  keys = jsondecode(file("${path.module}/keys.json"))
}

resource "bursar_team" "all" {
  for_each        = local.keys
  team_id         = each.key
  team_alias      = "Team ${each.key}"
  models          = ["gpt-4.1-mini", "gpt-4.1"]
  rpm_limit       = 30
  max_budget      = 100
  budget_duration = "1mo"
  metadata        = { cost_center = "CC-123" }
}

locals {
  # Evaluated once: a reference in the resource would have Terraform put all teams together for each key.
  teams = { for id, team in bursar_team.all : id => team.team_id }
}

resource "bursar_key" "all" {
  for_each  = local.teams
  team_id   = each.value
  key_alias = each.key
}
`

// estateImports are what brings the objects into the state.
const estateImports = `
import {
  for_each = local.keys
  to       = bursar_team.all[each.key]
  id       = each.key
}

import {
  for_each = local.keys
  to       = bursar_key.all[each.key]
  id       = each.value
}
`

const plainConfig = `
locals {
  keys = jsondecode(file("${path.module}/keys.json"))
}

resource "terraform_data" "teams" {
  for_each = local.keys
  input = {
    team_id         = each.key
    team_alias      = "Team ${each.key}"
    models          = ["gpt-4.1-mini", "gpt-4.1"]
    rpm_limit       = 30
    max_budget      = 100
    budget_duration = "1mo"
    metadata        = { cost_center = "CC-123" }
  }
}

locals {
  teams = { for id, team in terraform_data.teams : id => team.output.team_id }
}

resource "terraform_data" "keys" {
  for_each = local.teams
  input = {
    team_id   = each.value
    key_alias = each.key
  }
}
`

// settleEstate makes teams with a key each, and returns the ids of the keys by team.
func (g *gateway) settleEstate(teams int) map[string]string {
	g.t.Helper()
	ids := make([]string, teams)
	var group errgroup.Group
	group.SetLimit(4)
	for i := range teams {
		group.Go(func() error {
			id := teamName(i)
			fields := api.NewTeam(id).TeamFields
			fields.TeamAlias, fields.Models = new("Team "+id), api.StringList{"gpt-4.1-mini", "gpt-4.1"}
			fields.RPMLimit, fields.MaxBudget, fields.BudgetDuration = new(int64(30)), new(100*money.USD), new("1mo")
			fields.Metadata = api.Metadata{"cost_center": json.RawMessage(`"CC-123"`)}
			if _, err := g.CreateTeam(g.t.Context(), id, fields); err != nil {
				return err
			}
			key := api.NewKey("").KeyFields
			key.TeamID, key.KeyAlias = &id, &id
			created, err := g.CreateKey(g.t.Context(), api.KeyCreate{KeyFields: key})
			ids[i] = created.KeyID
			return err
		})
	}
	if err := group.Wait(); err != nil {
		g.t.Fatal(err)
	}
	keys := make(map[string]string, teams)
	for i, id := range ids {
		keys[teamName(i)] = id
	}
	return keys
}

// newEstate is a configuration of keys that was applied once.
func newEstate(t testing.TB, config string, keys map[string]string, env ...string) *cli {
	t.Helper()
	c := newCLI(t, "", env...)
	c.withoutLog()
	c.writeKeys(keys)
	c.write("main.tf", config)
	return c
}

// writeKeys says which teams, and which key of each, the configuration is for.
func (c *cli) writeKeys(keys map[string]string) {
	c.t.Helper()
	c.write("keys.json", string(c.encode(keys)))
}

// adopt brings the estate into the state. The import blocks are taken away afterwards, as people do.
func (c *cli) adopt() {
	c.t.Helper()
	if strings.Contains(c.read("main.tf"), "bursar_team") {
		c.write("imports.tf", estateImports)
		defer c.remove("imports.tf")
	}
	c.apply()
}

func (c *cli) remove(name string) {
	c.t.Helper()
	if err := os.Remove(filepath.Join(c.dir, name)); err != nil {
		c.t.Fatal(err)
	}
}

// counted counts the requests of the provider from here on.
func (g *gateway) counted() *atomic.Int32 {
	var requests atomic.Int32
	g.between(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		requests.Add(1)
		next.ServeHTTP(w, r)
	})
	return &requests
}

// refresh reads an object as Terraform does; it must be there.
func (p *protocol) refresh(typeName, id string) error {
	imported, err := p.server.ImportResourceState(p.ctx, &tfprotov6.ImportResourceStateRequest{TypeName: typeName, ID: id})
	if err != nil || len(imported.Diagnostics) > 0 {
		return fmt.Errorf("import %s: %w %s", id, err, said(imported.Diagnostics))
	}
	read, err := p.server.ReadResource(p.ctx, &tfprotov6.ReadResourceRequest{
		TypeName: typeName, CurrentState: imported.ImportedResources[0].State, CurrentIdentity: imported.ImportedResources[0].Identity,
		Private: imported.ImportedResources[0].Private,
	})
	if err != nil || len(read.Diagnostics) > 0 {
		return fmt.Errorf("read %s: %w %s", id, err, said(read.Diagnostics))
	}
	state, err := read.NewState.Unmarshal(p.schemas.ResourceSchemas[typeName].ValueType())
	if err != nil || state.IsNull() {
		return fmt.Errorf("%s %s is gone (%w)", typeName, id, err)
	}
	return nil
}

func TestAccScale_aLargeEstateIsReadInFewRequests(t *testing.T) {
	g := startGateway(t)
	keys := g.settleEstate(estateSize)
	p, requests := g.protocol(), g.counted()
	var group errgroup.Group
	group.SetLimit(10) // as many as Terraform reads at once
	for team, key := range keys {
		group.Go(func() error { return p.refresh("bursar_team", team) })
		group.Go(func() error { return p.refresh("bursar_key", key) })
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	if n := requests.Load(); n == 0 || n > maxRequests {
		t.Errorf("reading %d teams and %d keys took %d requests, want at most %d", estateSize, estateSize, n, maxRequests)
	}
}

func TestAccScale_aBusyGatewayLosesNothing(t *testing.T) {
	g := startGateway(t)
	c := newEstate(t, estateConfig, g.settleEstate(plannedSize), g.settings()...)
	c.adopt()
	requests := g.counted()
	c.plansNothing()
	if n := requests.Load(); n == 0 || n > maxRequests {
		t.Errorf("planning %d teams and %d keys took %d requests, want at most %d", plannedSize, plannedSize, n, maxRequests)
	}
	var asked, refused atomic.Int32
	g.between(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if n := asked.Add(1); n%2 == 0 {
			refused.Add(1)
			w.Header().Set("Retry-After", "0")
			w.WriteHeader([]int{http.StatusTooManyRequests, http.StatusServiceUnavailable}[n/2%2])
			return
		}
		next.ServeHTTP(w, r)
	})
	c.plansNothing()
	if refused.Load() == 0 {
		t.Error("nothing was refused")
	}
}

// What a plan of a large estate takes, beside one of as many resources of Terraform's own.
func BenchmarkPlan(b *testing.B) {
	g := startGatewayAlone(b)
	keys := g.settleEstate(estateSize)
	first := map[string]string{teamName(0): keys[teamName(0)]}
	for _, estate := range []struct{ name, config string }{{"bursar", estateConfig}, {"terraform_data", plainConfig}} {
		b.Run(estate.name, func(b *testing.B) {
			c := newEstate(b, estate.config, first, g.settings()...)
			c.adopt()
			c.multiply(g.namesOf(keys))
			c.writeKeys(keys)
			b.ResetTimer()
			for range b.N {
				c.plansNothing()
			}
		})
	}
}

// namesOf is, by team, all that tells it and its key from others, the first team first. Always in the same order.
func (g *gateway) namesOf(keys map[string]string) [][]string {
	g.t.Helper()
	listed := must[[]api.Key](g.t)(g.ListKeys(g.t.Context()))
	byID := make(map[string]api.Key, len(listed))
	for _, key := range listed {
		byID[key.KeyID] = key
	}
	names := make([][]string, 0, len(keys))
	for _, team := range slices.Sorted(maps.Keys(keys)) {
		key := byID[keys[team]]
		names = append(names, []string{team, key.KeyID, key.KeyName, key.CreatedAt.UTC().Format(time.RFC3339Nano)})
	}
	return names
}

// multiply makes of a state that has the first team's objects one that has all teams'. Importing so many would take
// Terraform minutes.
func (c *cli) multiply(names [][]string) {
	c.t.Helper()
	var state map[string]json.RawMessage
	var resources []map[string]json.RawMessage
	c.decode([]byte(c.read(stateFile)), &state)
	c.decode(state["resources"], &resources)
	for _, resource := range resources {
		var instances []json.RawMessage
		c.decode(resource["instances"], &instances)
		first := string(instances[0])
		instances = instances[:0]
		for _, of := range names {
			var pairs []string
			for i, name := range of {
				pairs = append(pairs, names[0][i], name)
			}
			instances = append(instances, json.RawMessage(strings.NewReplacer(pairs...).Replace(first)))
		}
		resource["instances"] = c.encode(instances)
	}
	state["resources"] = c.encode(resources)
	c.write(stateFile, string(c.encode(state)))
}

const stateFile = "terraform.tfstate"

func (c *cli) decode(encoded []byte, into any) {
	c.t.Helper()
	if err := json.Unmarshal(encoded, into); err != nil {
		c.t.Fatal(err)
	}
}

func (c *cli) encode(value any) json.RawMessage {
	c.t.Helper()
	encoded, err := json.Marshal(value)
	if err != nil {
		c.t.Fatal(err)
	}
	return encoded
}
