package fleet_test

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"example.org/imap-integration/fleet"
	"example.org/imap-integration/manifest"
)

// address is where the node serves, as its log says.
func (w *world) address() string {
	w.t.Helper()
	said := regexp.MustCompile(`are served" address=(\S+)`)
	w.eventually("the address of metrics", func() bool { return said.MatchString(w.log.String()) })
	return "http://" + said.FindStringSubmatch(w.log.String())[1]
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(body)
}

// scrape reads metrics with Prometheus' own parser.
func scrape(t *testing.T, url string) map[string]*dto.MetricFamily {
	t.Helper()
	_, text := get(t, url+"/metrics")
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		t.Fatalf("the judge says: %v\n%s", err, text)
	}
	if strings.Contains(text, "Canary") || strings.Contains(text, "Subject") {
		t.Error("metrics show a secret or an email")
	}
	return families
}

// TestHealth: metrics, liveness and readiness of a node with one mailbox that works and one that does not.
func TestHealth(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	w.deliver(0, "a", "b")
	w.file("password1", "Canary-wrong-password")
	w.metrics = "127.0.0.1:0"
	w.start("one")
	w.eventually("both passes", func() bool {
		return w.sql(`SELECT count(*) FROM mailboxes WHERE saved = 2 AND polled_at IS NOT NULL OR failures > 0`) == "2"
	})
	url := w.address()
	if status, _ := get(t, url+"/livez"); status != http.StatusOK {
		t.Errorf("livez: %d", status)
	}
	var ready struct {
		Ready     bool
		Mailboxes []struct{ Mailbox, Why string }
	}
	w.eventually("readyz names the mailbox", func() bool {
		status, body := get(t, url+"/readyz")
		return json.Unmarshal([]byte(body), &ready) == nil && status == http.StatusServiceUnavailable && len(ready.Mailboxes) == 1
	})
	if m := ready.Mailboxes[0]; m.Mailbox != "m1" || !strings.Contains(m.Why, "log in") || strings.Contains(m.Why, "Canary") {
		t.Errorf("readyz: %+v", ready)
	}
	families := scrape(t, url)
	value := func(name, label string) float64 {
		for _, m := range families["imap_integration_"+name].GetMetric() {
			if len(m.GetLabel()) == 0 || m.GetLabel()[0].GetValue() == label {
				return m.GetGauge().GetValue() + m.GetCounter().GetValue()
			}
		}
		t.Errorf("there is no %s of %q", name, label)
		return 0
	}
	if value("mailbox_saved_total", "m0") != 2 || value("mailbox_overdue", "m0") != 0 || value("mailbox_overdue", "m1") != 1 || value("database_up", "") != 1 {
		t.Error("values are wrong")
	}
	if until := time.Unix(int64(value("mailbox_certificate_expiry_timestamp_seconds", "m0")), 0); time.Until(until) < 24*time.Hour {
		t.Errorf("the certificate ends %s", until)
	}
	w.dashboard(families)
	w.file("password1", w.users[1].Password)
	w.eventually("readyz after the password was put right", func() bool {
		status, _ := get(t, url+"/readyz")
		return status == http.StatusOK
	})
}

// dashboard checks that the Grafana dashboard asks for metrics that there are, and docs/fleet.md lists all of them.
func (w *world) dashboard(families map[string]*dto.MetricFamily) {
	w.t.Helper()
	var board struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	text, err := os.ReadFile("../deploy/grafana-dashboard.json")
	if err == nil {
		err = json.Unmarshal(text, &board)
	}
	docs, err2 := os.ReadFile("../docs/fleet.md")
	if err != nil || err2 != nil || len(board.Panels) == 0 {
		w.t.Fatal(err, err2, len(board.Panels))
	}
	names := regexp.MustCompile(`imap_integration_[a-z_]+`)
	for _, p := range board.Panels {
		for _, target := range p.Targets {
			for _, name := range names.FindAllString(target.Expr, -1) {
				if families[name] == nil && name != "imap_integration_mailbox_token_expiry_timestamp_seconds" { // these mailboxes have passwords
					w.t.Errorf("panel %q asks for %s, which is not served", p.Title, name)
				}
			}
		}
	}
	for name := range families {
		if short, ours := strings.CutPrefix(name, "imap_integration_"); ours && !strings.Contains(string(docs), "`"+short+"`") {
			w.t.Errorf("docs/fleet.md does not list %s", name)
		}
	}
}

// TestUnit: systemd itself finds nothing wrong with the unit, and it is as closed as it says.
func TestUnit(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip("skipped: systemd-analyze is not installed")
	}
	text, err := os.ReadFile("../deploy/imap-integration-fleet.service")
	if err != nil {
		t.Fatal(err)
	}
	unit := filepath.Join(t.TempDir(), "imap-integration-fleet.service")
	here := strings.Replace(string(text), "/usr/bin/imap-integration", "/bin/true", 1)
	if err := os.WriteFile(unit, []byte(here), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(analyze, "verify", "--man=no", unit).CombinedOutput(); err != nil || strings.Contains(string(out), "imap-integration-fleet") {
		t.Errorf("verify: %v %s", err, out)
	}
	if out, err := exec.Command(analyze, "security", "--offline=true", "--threshold=20", unit).CombinedOutput(); err != nil {
		t.Errorf("its exposure is above 2.0: %v %s", err, out)
	}
}

// service is what the test reads of compose.yaml.
type service struct {
	Image   string         `yaml:"image"`
	Command []string       `yaml:"command"`
	Secrets []string       `yaml:"secrets"`
	Read    bool           `yaml:"read_only"`
	Rest    map[string]any `yaml:",inline"`
}

// TestDeployments: the fleet.yaml of compose and of Kubernetes is one, it is right, and what it names is mounted.
func TestDeployments(t *testing.T) {
	read := func(name string, text []byte, into any) {
		t.Helper()
		if err := manifest.DecodeYAML(name, text, into); err != nil {
			t.Fatal(err)
		}
	}
	file := func(name string) []byte {
		t.Helper()
		text, err := os.ReadFile(filepath.Join("../deploy", name))
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	c, err := fleet.Load("../deploy/fleet.yaml")
	if err != nil {
		t.Fatal(err)
	}
	secrets := []string{c.DatabaseFile, c.Sinks[0].SecretFile, c.Mailboxes[0].Parameters["password_file"].(string)}
	var compose struct {
		Services map[string]service           `yaml:"services"`
		Secrets  map[string]map[string]string `yaml:"secrets"`
		Rest     map[string]any               `yaml:",inline"`
	}
	read("compose.yaml", file("compose.yaml"), &compose)
	node := compose.Services["fleet"]
	if !node.Read || node.Command[0] != "fleet" || !strings.HasSuffix(node.Command[2], "fleet.yaml") {
		t.Errorf("service: %+v", node)
	}
	for _, s := range secrets {
		name := filepath.Base(s)
		if filepath.Dir(s) != "/run/secrets" || !slices.Contains(node.Secrets, name) || compose.Secrets[name]["file"] != "./secrets/"+name {
			t.Errorf("%s is not mounted by compose.yaml", s)
		}
	}
	documents := strings.Split(string(file("kubernetes.yaml")), "\n---\n")
	var config struct {
		Kind string            `yaml:"kind"`
		Data map[string]string `yaml:"data"`
		Rest map[string]any    `yaml:",inline"`
	}
	read("kubernetes.yaml", []byte(documents[0]), &config)
	plain := regexp.MustCompile(`(?m)\s*#.*$`)
	if config.Kind != "ConfigMap" || strings.TrimSpace(plain.ReplaceAllString(config.Data["fleet.yaml"], "")) != strings.TrimSpace(plain.ReplaceAllString(string(file("fleet.yaml")), "")) {
		t.Errorf("the ConfigMap differs from fleet.yaml: %s", config.Data["fleet.yaml"])
	}
	var deployment map[string]any
	read("kubernetes.yaml", []byte(documents[1]), &deployment)
	text, _ := json.Marshal(deployment)
	for _, wants := range []string{`"path":"/livez"`, `"path":"/readyz"`, `"readOnlyRootFilesystem":true`, `"runAsNonRoot":true`, `"mountPath":"/run/secrets"`, `"drop":["ALL"]`} {
		if !strings.Contains(string(text), wants) {
			t.Errorf("the Deployment lacks %s", wants)
		}
	}
}
