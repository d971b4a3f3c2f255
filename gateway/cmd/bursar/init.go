package main

import (
	"bufio"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"text/template"

	_ "embed"

	"golang.org/x/term"

	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
)

// initCommand writes a first gateway.yaml.
type initCommand struct {
	File        string   `arg:"" optional:"" default:"gateway.yaml" help:"The file to write. One that is there is never overwritten." type:"path"`
	Listen      string   `help:"Host and port to serve on." placeholder:"HOST:PORT"`
	DataDir     string   `help:"Folder of the embedded stores." placeholder:"FOLDER"`
	DatabaseURL string   `help:"PostgreSQL, for more than one gateway; SQLite without it." placeholder:"URL"`
	RedisURL    string   `help:"Redis, for more than one gateway; counters in the process without it." placeholder:"URL"`
	Provider    []string `help:"Providers to serve: ${providers}. Without it, those whose key is in the environment." placeholder:"NAME"`
	Yes         bool     `help:"Ask nothing, also at a terminal."`
}

// Help explains what is written and what is not.
func (initCommand) Help() string {
	return `Writes gateway.yaml with a new admin key, readable by you alone (mode 0600), and a model entry for every provider whose key
is in the environment. The file names the variables of these keys and does not hold the keys themselves.

At a terminal it asks what no flag has said. Then: bursar doctor gateway.yaml, and bursar serve --config gateway.yaml.`
}

//go:embed init.yaml.tmpl
var firstFile string

// knownProvider is a provider that init can write an entry for.
type knownProvider struct {
	Name string
	// Key is the variable of its credential.
	Key string
	// Address is a variable of the address, for a provider that has one per customer.
	Address string
	// Upstream, BaseURL, APIVersion and Price are as in gateway.yaml; "" is left out.
	Upstream, BaseURL, APIVersion, Price string
	// Models are the names that clients ask for.
	Models []string
}

// knownProviders are in the order in which they are written.
var knownProviders = []knownProvider{
	{Name: "openai", Key: "OPENAI_API_KEY", Models: []string{"gpt-*", "o*", "text-embedding-*"}},
	{Name: "anthropic", Key: "ANTHROPIC_API_KEY", Upstream: "anthropic", Models: []string{"claude-*"}},
	{Name: "azure", Key: "AZURE_OPENAI_API_KEY", Address: "AZURE_OPENAI_ENDPOINT", Upstream: "azure", APIVersion: "2024-10-21", Models: []string{"azure/*"}},
	{Name: "gemini", Key: "GEMINI_API_KEY", BaseURL: "https://generativelanguage.googleapis.com/v1beta/openai", Models: []string{"gemini-*"}},
	{Name: "mistral", Key: "MISTRAL_API_KEY", BaseURL: "https://api.mistral.ai/v1", Models: []string{"mistral-*"}},
	{Name: "deepseek", Key: "DEEPSEEK_API_KEY", BaseURL: "https://api.deepseek.com/v1", Models: []string{"deepseek-*"}},
	{Name: "xai", Key: "XAI_API_KEY", BaseURL: "https://api.x.ai/v1", Models: []string{"grok-*"}},
	{Name: "groq", Key: "GROQ_API_KEY", BaseURL: "https://api.groq.com/openai/v1", Models: []string{"groq/*"}},
	{Name: "openrouter", Key: "OPENROUTER_API_KEY", BaseURL: "https://openrouter.ai/api/v1", Price: "{from: provider}", Models: []string{"openrouter/*"}},
}

// providerNames are what --provider takes.
func providerNames() string {
	names := make([]string, len(knownProviders))
	for i, provider := range knownProviders {
		names[i] = provider.Name
	}
	return strings.Join(names, ", ")
}

// Run writes the file and says what comes next.
func (c initCommand) Run(stdout io.Writer) error {
	ask := func(_, fallback string) (string, error) { return fallback, nil }
	if !c.Yes && term.IsTerminal(int(os.Stdin.Fd())) {
		ask = asking(os.Stdin, stdout)
	}
	return c.write(os.Getenv, ask, stdout)
}

// asking asks a person, who takes the fallback with an empty line.
func asking(in io.Reader, out io.Writer) func(question, fallback string) (string, error) {
	answers := bufio.NewReader(in)
	return func(question, fallback string) (string, error) {
		fmt.Fprintf(out, "%s [%s]: ", question, fallback)
		line, err := answers.ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return "", fmt.Errorf("read the answer: %w", err)
		}
		if line = strings.TrimSpace(line); line == "" {
			return fallback, nil
		}
		return line, nil
	}
}

// first is what the template of the file is filled with.
type first struct {
	AdminKey, SecretKey, Listen, DataDir, DatabaseURL, RedisURL string
	// Public: other machines reach the address.
	Public    bool
	Providers []knownProvider
}

func (c initCommand) write(getenv func(string) string, ask func(question, fallback string) (string, error), out io.Writer) error {
	if _, err := os.Lstat(c.File); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is there already and is not overwritten; name another file", c.File)
	}
	settings, err := c.settle(getenv, ask)
	if err != nil {
		return err
	}
	var text strings.Builder
	filled, err := template.New("gateway.yaml").Funcs(template.FuncMap{"text": yamlText}).Parse(firstFile)
	if err == nil {
		err = filled.Execute(&text, settings)
	}
	if err != nil {
		return fmt.Errorf("fill the configuration: %w", err)
	}
	if err := writeNew(c.File, text.String()); err != nil {
		return fmt.Errorf("write the configuration: %w", err)
	}
	return c.tell(out, settings)
}

// settle finds what the flags leave open.
func (c initCommand) settle(getenv func(string) string, ask func(question, fallback string) (string, error)) (settings first, err error) {
	settings = first{
		AdminKey: "sk-" + hex.EncodeToString(random(24)), Listen: c.Listen, DataDir: c.DataDir,
		DatabaseURL: c.DatabaseURL, RedisURL: c.RedisURL,
	}
	if settings.Listen == "" {
		if settings.Listen, err = ask("Serve on which host and port", "127.0.0.1:4000"); err != nil {
			return settings, err
		}
	}
	settings.Public = !config.Loopback(settings.Listen)
	if settings.DataDir == "" {
		if settings.DataDir, err = ask("Folder of the data", "data"); err != nil {
			return settings, err
		}
	}
	if settings.DatabaseURL != "" { // several gateways share it, and none can make it for the others
		settings.SecretKey = base64.StdEncoding.EncodeToString(random(32))
	}
	settings.Providers, err = c.providers(getenv, ask)
	return settings, err
}

func (c initCommand) providers(getenv func(string) string, ask func(question, fallback string) (string, error)) ([]knownProvider, error) {
	if len(c.Provider) > 0 {
		return named(c.Provider)
	}
	var taken []knownProvider
	for _, provider := range knownProviders {
		if getenv(provider.Key) == "" || provider.Address != "" && getenv(provider.Address) == "" {
			continue
		}
		answer, err := ask(fmt.Sprintf("%s is set; serve %s with it (yes, no)", provider.Key, strings.Join(provider.Models, ", ")), "yes")
		if err != nil {
			return nil, err
		}
		if strings.HasPrefix(strings.ToLower(answer), "y") {
			taken = append(taken, provider)
		}
	}
	return taken, nil
}

// named are the providers with these names.
func named(names []string) ([]knownProvider, error) {
	var taken []knownProvider
	for _, name := range names {
		i := slices.IndexFunc(knownProviders, func(p knownProvider) bool { return p.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("--provider: %q is not known; known are %s. Others speak OpenAI's API mostly: add an entry with their base_url", name, providerNames())
		}
		taken = append(taken, knownProviders[i])
	}
	return taken, nil
}

// tell says what was written, without the secrets, and what comes next.
func (c initCommand) tell(out io.Writer, settings first) error {
	var text strings.Builder
	fmt.Fprintf(&text, "Wrote %s, readable by you alone. It holds the admin key.\n", c.File)
	for _, provider := range settings.Providers {
		fmt.Fprintf(&text, "  %s: %s, with the key in %s\n", provider.Name, strings.Join(provider.Models, ", "), provider.Key)
	}
	if len(settings.Providers) == 0 {
		fmt.Fprintf(&text, "  no provider's key is in the environment (%s, ...): see the example under models\n", knownProviders[0].Key)
	}
	fmt.Fprintf(&text, "Next:\n  bursar doctor %[1]s\n  bursar serve --config %[1]s\n", c.File)
	_, err := io.WriteString(out, text.String())
	return err
}

func random(bytes int) []byte {
	made := make([]byte, bytes)
	rand.Read(made) // never fails, as documented
	return made
}

// yamlText quotes a text as YAML has it.
func yamlText(text string) string { return fmt.Sprintf("%q", text) }
