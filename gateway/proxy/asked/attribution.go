package asked

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
)

const (
	// headerTags is LiteLLM's header for tags, separated by commas.
	headerTags = "x-litellm-tags"
	// maxTags and maxLabel bound what a caller can make the record count apart; the rest is left out.
	maxTags  = 20
	maxLabel = 128
)

// Attribution is what a caller says a call is for. It ends up in the ledger and decides nothing:
// what is missing, odd or too long is left out and never refused.
type Attribution struct {
	EndUser string
	Tags    []string
}

// attributionOf reads the body's user (metadata.user_id for Anthropic's clients) and metadata.Tags, and
// the tags of the header.
func attributionOf(object httpx.Object, header http.Header) Attribution {
	a := Attribution{EndUser: label(object["user"])}
	if given := object["metadata"]; len(given) > 0 {
		a.metadata(given)
	}
	for _, line := range header.Values(headerTags) {
		for tag := range strings.SplitSeq(line, ",") {
			a.tag(tag)
		}
	}
	return a
}

// metadata reads what the body's metadata say of it.
func (a *Attribution) metadata(given json.RawMessage) {
	var metadata struct {
		UserID json.RawMessage `json:"user_id"`
		Tags   json.RawMessage `json:"tags"`
	}
	_ = json.Unmarshal(given, &metadata)
	if a.EndUser == "" {
		a.EndUser = label(metadata.UserID)
	}
	if len(metadata.Tags) == 0 {
		return
	}
	var tags []json.RawMessage
	_ = json.Unmarshal(metadata.Tags, &tags)
	for _, tag := range tags {
		a.tag(label(tag))
	}
}

// tag adds a tag unless it is there, empty, too long or one too many.
func (a *Attribution) tag(tag string) {
	tag = strings.TrimSpace(tag)
	if tag == "" || len(tag) > maxLabel || !utf8.ValidString(tag) || len(a.Tags) == maxTags {
		return
	}
	if slices.Contains(a.Tags, tag) {
		return
	}
	a.Tags = append(a.Tags, tag)
}

// label reads a short text; anything else is none.
func label(value json.RawMessage) string {
	if len(value) == 0 {
		return ""
	}
	var text string
	if json.Unmarshal(value, &text) != nil || len(text) > maxLabel {
		return ""
	}
	return strings.TrimSpace(text)
}
