package pricing

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// maxProblems bounds how much is said about a price file that is wrong everywhere.
const maxProblems = 10

// entry is what a price file in LiteLLM's format says of one model.
type entry map[string]json.RawMessage

// liteLLMModes are the modes that a price is read of, and our words for them.
var liteLLMModes = map[string]string{
	"": "chat", "chat": "chat", "responses": "responses", "completion": "completion", "embedding": "embedding",
	"image_generation": "image", "audio_speech": "speech", "audio_transcription": "transcription", "moderation": "moderation",
}

// ParseLiteLLM reads a price file in the format of LiteLLM's model_prices_and_context_window.json:
// an object of models by name, with prices in US dollars per token, picture, character or second.
//
// A model is in the catalogue if a price is stated, 0 included: that is free. One without any
// price is left out, which is unknown. Modes that no route serves and fields that nobody charges
// by are passed over. The error names every key that is at fault, up to ten.
func ParseLiteLLM(data []byte) (*Catalogue, error) {
	var file map[string]json.RawMessage
	if err := json.Unmarshal(data, &file); err != nil {
		return nil, fmt.Errorf("is not a JSON object of models: %w", err)
	}
	sum := sha256.Sum256(data)
	c := &Catalogue{version: "file-" + hex.EncodeToString(sum[:4]), byName: map[modelName]int{}}
	var problems []error
	pictures := map[modelName][]ImagePrice{}
	for _, key := range slices.Sorted(maps.Keys(file)) {
		if err := c.addEntry(key, file[key], pictures); err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", key, err))
		}
		if len(problems) == maxProblems {
			problems = append(problems, errors.New("and perhaps more"))
			break
		}
	}
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	c.addPictures(pictures)
	for i := range c.models {
		c.models[i].Price.Version = c.version
	}
	return c, nil
}

func (c *Catalogue) addEntry(key string, raw json.RawMessage, pictures map[modelName][]ImagePrice) error {
	if key == "sample_spec" || bytes.HasPrefix(raw, []byte(`"`)) {
		return nil // an explanation of the format, and the date of the file
	}
	var fields entry
	if err := json.Unmarshal(raw, &fields); err != nil || fields == nil {
		return errors.New("must be an object with prices")
	}
	provider, name := fields.names(key)
	mode, served := liteLLMModes[fields.text("mode")]
	if !served {
		return nil
	}
	if picture, pixels, of, ok := pictureKey(name); ok {
		picture, stated, err := fields.picture(picture, pixels)
		if err != nil || !stated {
			return err
		}
		pictures[modelName{provider, of}] = append(pictures[modelName{provider, of}], picture)
		return nil
	}
	model := Model{Provider: provider, Name: name, Mode: mode}
	stated, err := fields.read(&model)
	if err != nil || !stated {
		return err
	}
	c.put(model, strings.HasPrefix(key, provider+"/"))
	return nil
}

// names are the provider and the name of a model under which it is looked up.
func (e entry) names(key string) (provider, name string) {
	provider = e.text("litellm_provider")
	switch {
	case strings.HasPrefix(provider, "vertex_ai-"):
		provider = "vertex_ai"
	case strings.HasPrefix(provider, "text-completion-"):
		provider = strings.TrimPrefix(provider, "text-completion-")
		key = strings.TrimPrefix(key, "text-completion-")
	case provider == "azure_text":
		provider = "azure"
	}
	if prefix, rest, ok := strings.Cut(key, "/"); ok && (prefix == provider || provider == "") {
		return prefix, rest
	}
	return provider, key
}

func (e entry) text(field string) string {
	var text string
	if json.Unmarshal(e[field], &text) != nil {
		return ""
	}
	return text
}

// put adds a model. Of two with one name the one whose key names the provider wins.
func (c *Catalogue) put(model Model, named bool) {
	name := modelName{model.Provider, model.Name}
	if i, twice := c.byName[name]; twice {
		if named {
			c.models[i] = model
		}
		return
	}
	c.byName[name] = len(c.models)
	c.models = append(c.models, model)
}

// addPictures gives the models that charge by the picture the sizes and qualities that stand in
// keys of their own. Those that charge by the token have them only to show what that comes to.
func (c *Catalogue) addPictures(pictures map[modelName][]ImagePrice) {
	for _, name := range slices.SortedFunc(maps.Keys(pictures), func(a, b modelName) int {
		return strings.Compare(a.provider+"/"+a.model, b.provider+"/"+b.model)
	}) {
		i, listed := c.byName[name]
		if !listed {
			c.put(Model{Provider: name.provider, Name: name.model, Mode: "image"}, false)
			i = c.byName[name]
		}
		price := &c.models[i].Price
		if price.Input == 0 && price.Output == 0 {
			price.Images = append(price.Images, pictures[name]...)
		}
	}
}
