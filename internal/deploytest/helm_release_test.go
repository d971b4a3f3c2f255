//go:build release

package deploytest

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
)

const (
	someSecrets = "--set=secrets.existing=bursar-secrets"
	// kubernetes is the version that the chart is rendered for; helm itself would take one that is long gone.
	kubernetes = "--kube-version=1.31.0"
)

// charts are sets of values that the chart is rendered with, and the kinds that come of them besides those that always do.
var charts = map[string]struct {
	values []string
	kinds  string
}{
	"existing secret":  {[]string{someSecrets}, ""},
	"secret of values": {[]string{"--set=secrets.values.BURSAR_ADMIN_KEY=a,secrets.values.BURSAR_SECRET_KEY=b,secrets.values.BURSAR_DATABASE_URL=c,secrets.values.BURSAR_REDIS_URL=d"}, "Secret"},
	"external secret":  {[]string{"--set=secrets.external.enabled=true,secrets.external.storeRef.name=vault"}, "ExternalSecret.external-secrets.io"},
	"own TLS":          {[]string{someSecrets, "--set=tls.secretName=bursar-tls"}, ""},
	"ingress":          {[]string{someSecrets, "--set=ingress.enabled=true,ingress.host=llm.example.com,ingress.tlsSecret=tls,ingress.className=nginx"}, "Ingress.networking.k8s.io"},
	"http route":       {[]string{someSecrets, "--set=httpRoute.enabled=true,httpRoute.parentRefs[0].name=gw,httpRoute.hostnames={llm.example.com}"}, "HTTPRoute.gateway.networking.k8s.io"},
	"autoscaling":      {[]string{someSecrets, "--set=autoscaling.enabled=true"}, "HorizontalPodAutoscaler.autoscaling"},
	"network policy":   {[]string{someSecrets, "--set=networkPolicy.enabled=true,networkPolicy.ingressFrom[0].namespaceSelector.matchLabels.team=a"}, "NetworkPolicy.networking.k8s.io"},
	"watched": {
		[]string{someSecrets, "--set=serviceMonitor.enabled=true,prometheusRule.enabled=true,grafanaDashboard.enabled=true"},
		"ServiceMonitor.monitoring.coreos.com PrometheusRule.monitoring.coreos.com ConfigMap",
	},
	"nothing optional": {[]string{someSecrets, "--set=podDisruptionBudget.enabled=false,topologySpread.enabled=false,nodeSelector.disk=ssd,extraEnv[0].name=A,extraEnv[0].value=b"}, ""},
}

// tool runs one of .ci/tool.
func tool(t *testing.T, input, name string, arguments ...string) (string, error) {
	t.Helper()
	command := exec.CommandContext(t.Context(), ".ci/tool", append([]string{name}, arguments...)...)
	command.Dir, command.Stdin = "../..", strings.NewReader(input)
	var errors strings.Builder
	command.Stderr = &errors
	output, err := command.Output()
	if err != nil {
		return errors.String(), fmt.Errorf("%s: %w", name, err)
	}
	return string(output), nil
}

func TestHelm_rendersWhatKubernetesTakes(t *testing.T) {
	if said, err := tool(t, "", "helm", "lint", "--strict", "examples/helm/bursar", kubernetes, someSecrets); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	for name, chart := range charts {
		rendered, err := tool(t, "", "helm", append([]string{"template", "test", "examples/helm/bursar", kubernetes}, chart.values...)...)
		if err != nil {
			t.Errorf("%s: %v\n%s", name, err, rendered)
			continue
		}
		kinds, err := tool(t, rendered, "kubecheck")
		if err != nil {
			t.Errorf("%s: %v\n%s\n%s", name, err, kinds, rendered)
		}
		always := []string{"Deployment.apps", "Service", "ServiceAccount", "ConfigMap"}
		for _, kind := range append(always, strings.Fields(chart.kinds)...) {
			if !strings.Contains(kinds, " "+kind+"\n") {
				t.Errorf("%s has no %s:\n%s", name, kind, kinds)
			}
		}
	}
}

// renderings are sets of values whose whole rendering stands in testdata, so that a change of the chart is read as what
// becomes of a cluster.
var renderings = map[string]string{
	"existing_secret": "existing secret", "external_secret": "external secret", "ingress": "ingress", "http_route": "http route", "autoscaling": "autoscaling",
	"network_policy": "network policy",
}

var update = flag.Bool("update", false, "write the renderings in testdata anew")

func TestHelm_rendersAsReviewed(t *testing.T) {
	for file, name := range renderings {
		rendered, err := tool(t, "", "helm", append([]string{"template", "test", "examples/helm/bursar", kubernetes}, charts[name].values...)...)
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, rendered)
		}
		path := filepath.Join("testdata", "helm_"+file+".yaml")
		if *update {
			if err := os.WriteFile(path, []byte(rendered), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), rendered); diff != "" {
			t.Errorf("%s (-reviewed +now; -update writes them anew):\n%s", name, diff)
		}
	}
}

func TestHelm_refusesWhatWouldNotRun(t *testing.T) {
	for want, values := range map[string]string{
		"secrets.values.BURSAR_ADMIN_KEY is required": "--set=replicas=2",
		"exclude each other":                          "--set=secrets.existing=a,secrets.external.enabled=true",
		"secrets.external.storeRef.name is required":  "--set=secrets.external.enabled=true",
		"ingress.host is required":                    someSecrets + ",ingress.enabled=true",
		"admin_key":                                   someSecrets + ",config.admin_key=sk-x",
		"replica":                                     someSecrets + ",replica=3",
		"minimum":                                     someSecrets + ",replicas=0",
	} {
		if said, err := tool(t, "", "helm", "template", "test", "examples/helm/bursar", kubernetes, values); err == nil || !strings.Contains(said, want) {
			t.Errorf("%s: %v, %s", values, err, said)
		}
	}
}

// What the chart writes as gateway.yaml can be served with the variables of its Secret, and the rules that it brings are
// rules.
func TestHelm_bringsFilesThatAreRight(t *testing.T) {
	rendered, err := tool(t, "", "helm", "template", "test", "examples/helm/bursar", kubernetes, someSecrets, "--set=prometheusRule.enabled=true",
		"--set=config.models[0].name=gpt-*,config.models[0].api_key=${OPENAI_API_KEY}")
	if err != nil {
		t.Fatal(rendered)
	}
	seen := 0
	for document := range strings.SplitSeq(rendered, "\n---\n") {
		var object struct {
			Kind string
			Data map[string]string
			Spec yaml.Node
		}
		if err := yaml.Unmarshal([]byte(document), &object); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "file.yaml")
		switch object.Kind {
		case "ConfigMap":
			seen++
			if err := os.WriteFile(path, []byte(object.Data["gateway.yaml"]), 0o600); err != nil {
				t.Fatal(err)
			}
			settings, err := config.Load(path, func(name string) string {
				return map[string]string{"BURSAR_ADMIN_KEY": adminKey, "OPENAI_API_KEY": "x"}[name]
			})
			if err != nil || len(settings.Models) != 1 {
				t.Errorf("%v\n%s", err, object.Data["gateway.yaml"])
			}
		case "PrometheusRule":
			seen++
			rules, err := yaml.Marshal(&object.Spec)
			if err == nil {
				err = os.WriteFile(path, rules, 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
			check(t, "promtool", "check", "rules", path)
		}
	}
	if seen != 2 {
		t.Errorf("%d files", seen)
	}
}
