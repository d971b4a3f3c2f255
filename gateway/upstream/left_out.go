package upstream

import (
	"encoding/json"
	"slices"
)

// chatSteering are the fields of a chat completion that only steer and that Anthropic has no word for,
// each with the value that says nothing.
var chatSteering = map[string]string{
	"seed": "", "frequency_penalty": "0", "presence_penalty": "0", "logit_bias": "{}",
	"service_tier": "", "store": "false", "verbosity": "", "prediction": "", "prompt_cache_key": "", "modalities": `["text"]`,
}

// LeftOut names the fields of a call's body that its deployment's provider has no word for and that it was
// therefore not sent, in order; nil when everything was sent.
func LeftOut(d Deployment, call Call) []string {
	if d.Provider != anthropicProvider || call.Path != pathChat {
		return nil
	}
	var given map[string]json.RawMessage
	if json.Unmarshal(call.Body, &given) != nil {
		return nil
	}
	var names []string
	for name, nothing := range chatSteering {
		if value := given[name]; isGiven(value) && string(value) != nothing {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
