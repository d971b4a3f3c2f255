// Package agenttest holds a whole gateway against coding agents as people install them: Claude Code, Codex and
// opencode, with nothing but a base URL and a key.
//
// It has nothing but tests, which need the build tag "agents" and the agents in the folder that AGENTS names: make
// test-agents sees to both. It must never know how the gateway does it: it talks to its address alone.
package agenttest
