package deploytest

import (
	"context"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
	"go.yaml.in/yaml/v3"
)

// readCompose reads the project as docker compose does, its schema included, with the variables of .env.example set.
func readCompose(t *testing.T) *types.Project {
	t.Helper()
	var env []string
	for line := range strings.Lines(readExample(t, "compose/.env.example")) {
		if name, _, found := strings.Cut(strings.TrimSpace(line), "="); found && !strings.HasPrefix(name, "#") {
			env = append(env, name+"="+filled[name])
		}
	}
	options, err := cli.NewProjectOptions([]string{example("compose/compose.yaml")}, cli.WithEnv(env), cli.WithResolvedPaths(true))
	if err != nil {
		t.Fatal(err)
	}
	project, err := options.LoadProject(context.WithoutCancel(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	return project
}

// filled are values for .env.
var filled = map[string]string{
	"BURSAR_ADMIN_KEY": adminKey, "BURSAR_METRICS_KEY": metricsKey, "POSTGRES_PASSWORD": "secret", "OPENAI_API_KEY": "sk-provider",
	"BURSAR_SECRET_KEY": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
}

func TestCompose_isWhatTheGuideSays(t *testing.T) {
	project := readCompose(t)
	want := []string{"balancer", "gateway-1", "gateway-2", "grafana", "mailpit", "postgres", "prometheus", "redis"}
	if got := slices.Sorted(maps.Keys(project.Services)); !slices.Equal(got, want) {
		t.Errorf("services %v", got)
	}
	for _, name := range []string{"gateway-1", "gateway-2"} {
		gateway := project.Services[name]
		if !gateway.ReadOnly || !slices.Equal(gateway.CapDrop, []string{"ALL"}) || gateway.StopGracePeriod == nil || gateway.StopGracePeriod.String() != "1m0s" {
			t.Errorf("%s: %+v", name, gateway)
		}
	}
	redis := strings.Join(project.Services["redis"].Command, " ")
	if !strings.Contains(redis, "--appendonly yes") || !strings.Contains(redis, "--maxmemory-policy noeviction") {
		t.Errorf("Redis is started with %s", redis)
	}
	// Every file that is bound is there, and every service that one names exists.
	for _, service := range project.Services {
		for _, volume := range service.Volumes {
			if volume.Type == types.VolumeTypeBind {
				if found, err := filepath.Glob(volume.Source); err != nil || len(found) != 1 {
					t.Errorf("%s binds %s, which is not there", service.Name, volume.Source)
				}
			}
		}
	}
	for _, place := range []string{"gateway-1:4000", "gateway-2:4000"} {
		for _, file := range []string{"compose/nginx.conf", "observability/prometheus.yml"} {
			if !strings.Contains(readExample(t, file), place) {
				t.Errorf("%s does not name %s", file, place)
			}
		}
	}
	// Grafana's provisioning names Prometheus and the folder that the dashboard is bound to.
	for _, file := range []string{"datasources/prometheus.yaml", "dashboards/bursar.yaml"} {
		var any map[string]any
		if err := yaml.Unmarshal([]byte(readExample(t, "compose/grafana/"+file)), &any); err != nil || any["apiVersion"] != 1 {
			t.Errorf("%s: %v", file, err)
		}
	}
	dashboards := readExample(t, "compose/grafana/dashboards/bursar.yaml")
	if !slices.ContainsFunc(project.Services["grafana"].Volumes, func(v types.ServiceVolumeConfig) bool { return strings.Contains(dashboards, v.Target) }) {
		t.Error("no volume of Grafana's holds the dashboards")
	}
}
