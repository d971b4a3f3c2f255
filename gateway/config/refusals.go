package config

import (
	"net/mail"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// ExceededStatus is the HTTP status for an exhausted budget, by the dialect that the caller speaks.
type ExceededStatus struct {
	// Chat is for all routes but the others'.
	Chat int
	// Messages is for Anthropic's, Responses for OpenAI's /v1/responses.
	Messages  int
	Responses int
}

// defaultExceededStatus ends a call at once for each dialect's clients. Claude Code takes 403 for a wrong key and
// suggests logging in, 402 it shows; Codex tries again after anything but 400.
var defaultExceededStatus = ExceededStatus{Chat: 403, Messages: 402, Responses: 400}

var exceededStatuses = []int{403, 402, 429, 400}

// refusals reads how refusals are worded.
func (c *checker) refusals(f file) {
	c.config.LiteLLMErrors = f.LiteLLMErrors
	c.config.ExceededStatus = c.exceededStatus(f.Budgets.ExceededStatus)
	c.config.Contact = c.contact(f.Contact)
}

// exceededStatus is one number for all dialects, or a map with one for some of them.
func (c *checker) exceededStatus(node yaml.Node) ExceededStatus {
	const field = "budgets.exceeded_status"
	statuses := defaultExceededStatus
	switch {
	case node.IsZero() || node.Tag == "!!null":
	case node.Kind == yaml.ScalarNode:
		status := c.status(field, &node)
		statuses = ExceededStatus{Chat: status, Messages: status, Responses: status}
	case node.Kind == yaml.MappingNode:
		dialects := map[string]*int{"chat": &statuses.Chat, "messages": &statuses.Messages, "responses": &statuses.Responses}
		for i := 0; i+1 < len(node.Content); i += 2 {
			name := node.Content[i].Value
			status, known := dialects[name]
			if !known {
				c.fail(field+"."+name, "is not known; there are chat, messages and responses, each once")
				continue
			}
			delete(dialects, name)
			*status = c.status(field+"."+name, node.Content[i+1])
		}
	default:
		c.fail(field, "must be a number, or a map such as {chat: 403, messages: 402, responses: 400}")
	}
	return statuses
}

func (c *checker) status(field string, node *yaml.Node) int {
	status, err := strconv.Atoi(node.Value)
	if err != nil || node.Kind != yaml.ScalarNode || !slices.Contains(exceededStatuses, status) {
		c.fail(field, "is %s; it must be 403, 402, 429 or 400", node.Value)
	}
	return status
}

// contact takes an e-mail address or a link: what people can use as it stands in an error.
func (c *checker) contact(text string) string {
	const maxContact = 200
	if text == "" {
		return ""
	}
	address, err := mail.ParseAddress(text)
	isAddress := err == nil && address.Address == text
	link, err := url.Parse(text)
	isLink := err == nil && (link.Scheme == "https" || link.Scheme == "http") && link.Host != "" && link.User == nil
	if !isAddress && !isLink || len(text) > maxContact || strings.ContainsAny(text, " \r\n\t") {
		c.fail("contact", "must be an e-mail address such as platform@example.com, or a link such as https://example.com/limits, of at most %d characters", maxContact)
		return ""
	}
	return text
}
