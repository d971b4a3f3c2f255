//go:build agents

package agenttest_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// programs are the agents with the gateway's address and a key, and nothing else set.
var programs = []program{claude, codex, opencodeChat, opencodeMessages}

var claude = program{
	title: "ClaudeCode", name: "claude", refusal: 402, compact: "/compact", rounds: 4,
	thought: `"signature":"c2lnbmVk"`,
	arguments: func(_ *agent, task, session string) []string {
		arguments := []string{"-p", task, "--output-format", "json", "--permission-mode", "acceptEdits"}
		if session != "" {
			arguments = append(arguments, "--resume", session)
		}
		return arguments
	},
	env: func(a *agent) []string {
		return []string{"ANTHROPIC_BASE_URL=" + a.gateway.url, "ANTHROPIC_AUTH_TOKEN=" + a.key, "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1"}
	},
	read: func(output []byte) said {
		result := gjson.ParseBytes(output[max(0, bytes.LastIndex(output, []byte(`{"type":"result"`))):])
		return said{
			text: result.Get("result").String(), session: result.Get("session_id").String(), failed: result.Get("is_error").Bool(),
			costUSD: result.Get("total_cost_usd").Float(),
		}
	},
	cost:     func(s said) float64 { return s.costUSD },
	searches: func(b *testenv.Behaviour) { b.Tool, b.Arguments = "WebSearch", `{"query":"herons"}` },
	reads: func(a *agent, b *testenv.Behaviour) {
		b.Tool, b.Arguments = "Read", fmt.Sprintf(`{"file_path":%q}`, filepath.Join(a.folder, "note.txt"))
	},
	writes: func(a *agent, b *testenv.Behaviour) {
		b.Tool, b.Arguments = "Write", fmt.Sprintf(`{"file_path":%q,"content":"the treasurer's note"}`, filepath.Join(a.folder, "copy.txt"))
	},
}

var codex = program{
	title: "Codex", name: "codex", refusal: 400, full: 900_000, rounds: 1, compactionUSD: (2000*5 + 6*30) / 1e6,
	thought: `"encrypted_content":"c2VhbGVk"`, cumulative: true,
	prepare: func(t *testing.T, a *agent) {
		write(t, filepath.Join(a.home, ".codex", "config.toml"), `openai_base_url = "`+a.gateway.url+`/v1"`+"\n")
	},
	arguments: func(_ *agent, task, session string) []string {
		arguments := []string{"exec", "--skip-git-repo-check", "--json", "--sandbox", "danger-full-access"}
		if session != "" {
			arguments = append(arguments, "resume", session)
		}
		return append(arguments, task)
	},
	env: func(a *agent) []string { return []string{"CODEX_API_KEY=" + a.key} },
	read: func(output []byte) (s said) {
		for line := range bytes.Lines(output) {
			event := gjson.ParseBytes(line)
			switch event.Get("type").String() {
			case "thread.started":
				s.session = event.Get("thread_id").String()
			case "item.completed":
				if event.Get("item.type").String() == "agent_message" {
					s.text = event.Get("item.text").String()
				}
			case "turn.completed":
				s.input += event.Get("usage.input_tokens").Int()
				s.cached += event.Get("usage.cached_input_tokens").Int()
				s.output += event.Get("usage.output_tokens").Int()
			case "turn.failed":
				s.failed, s.text = true, event.Get("error.message").String()
			}
		}
		return s
	},
	// It counts tokens; the price is the one of gateway.yaml.
	cost: func(s said) float64 {
		return (float64(s.input-s.cached)*5 + float64(s.cached)*0.5 + float64(s.output)*30) / 1e6
	},
	reads: func(_ *agent, b *testenv.Behaviour) {
		b.Tool, b.Input = "exec", `text(await tools.exec_command({cmd: "cat note.txt"}))`
	},
	writes: func(_ *agent, b *testenv.Behaviour) {
		b.Tool, b.Input = "exec", "await tools.apply_patch(`*** Begin Patch\n*** Add File: copy.txt\n+the treasurer's note\n*** End Patch`)"
	},
}

// opencodeChat speaks chat completions, opencodeMessages Anthropic's dialect.
var (
	opencodeChat = opencodeWith("OpencodeChat", `{"provider":{"bursar":{
		"npm":"@ai-sdk/openai-compatible","options":{"baseURL":%q,"apiKey":"{env:BURSAR_KEY}"},
		"models":{"gpt-5.4":{"cost":{"input":2.5,"output":15,"cache_read":0.25},"limit":{"context":200000,"output":32000}}}}},"model":"bursar/gpt-5.4"}`, "", (1000*2.5+2*15)/1e6, 403, 190_000)
	opencodeMessages = opencodeWith("OpencodeMessages", `{"provider":{"anthropic":{
		"options":{"baseURL":%q,"apiKey":"{env:BURSAR_KEY}"}}},"model":"anthropic/claude-opus-4-8"}`, `"signature":"c2lnbmVk"`, (1000*1+2*5)/1e6, 402, 990_000)
)

func opencodeWith(title, settings, thought string, titleUSD float64, refusal, full int64) program {
	return program{
		title: title, name: "opencode", thought: thought, titleUSD: titleUSD, refusal: refusal, full: full, rounds: 1,
		prepare: func(t *testing.T, a *agent) {
			write(t, filepath.Join(a.home, ".config", "opencode", "opencode.json"), fmt.Sprintf(settings, a.gateway.url+"/v1"))
		},
		arguments: func(_ *agent, task, session string) []string {
			arguments := []string{"run", "--format", "json", task}
			if session != "" {
				arguments = append(arguments, "--session", session)
			}
			return arguments
		},
		env: func(a *agent) []string {
			return []string{"BURSAR_KEY=" + a.key, "OPENCODE_DISABLE_AUTOUPDATE=1", "OPENCODE_DISABLE_MODELS_FETCH=1"}
		},
		read: func(output []byte) (s said) {
			for line := range bytes.Lines(output) {
				event := gjson.ParseBytes(line)
				if id := event.Get("sessionID").String(); id != "" {
					s.session = id
				}
				switch event.Get("type").String() {
				case "text":
					s.text = event.Get("part.text").String()
				case "step_finish":
					s.costUSD += event.Get("part.cost").Float()
				case "error":
					s.failed, s.text = true, event.Get("error").Raw
				}
			}
			return s
		},
		cost: func(s said) float64 { return s.costUSD },
		reads: func(a *agent, b *testenv.Behaviour) {
			b.Tool, b.Arguments = "read", fmt.Sprintf(`{"filePath":%q}`, filepath.Join(a.folder, "note.txt"))
		},
		writes: func(a *agent, b *testenv.Behaviour) {
			b.Tool, b.Arguments = "bash", `{"command":"cp note.txt copy.txt","description":"Copies the note"}`
		},
	}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
