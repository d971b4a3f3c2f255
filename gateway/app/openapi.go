package app

import (
	"slices"
	"sync"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin"
	"github.com/bursarhq/terraform-provider-bursar/gateway/alert/webhook"
	"github.com/bursarhq/terraform-provider-bursar/gateway/openapi"
	"github.com/bursarhq/terraform-provider-bursar/gateway/proxy"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

const apiText = "The admin API has LiteLLM's paths and fields, and what Bursar adds in the same style; the data path has " +
	"OpenAI's.\n\n" +
	"Every request carries a key in `Authorization: Bearer`, `x-api-key` or `API-Key`. Amounts are in USD, times in UTC. " +
	"In a change, what is left out is kept and what is null is cleared. Where something changes, fields that are not known are refused; those of LiteLLM's that limit nothing are named in the header `" +
	api.HeaderUnknownFields + "`, and refused with `?strict=true`. Every answer carries `" + api.HeaderRequestID + "`, which the log has too."

// Description returns the description of the whole HTTP API in OpenAPI 3.1.
func Description(version string) ([]byte, error) {
	describe, _ := descriptions.LoadOrStore(version, openapi.Packed(func() ([]byte, error) {
		return openapi.Document(apiInfo(version), operations())
	}))
	return describe.(func() ([]byte, error))() //nolint:forcetypeassert // nothing else is kept there
}

// descriptions are made once for a version, by functions: a process may start many gateways, as tests do.
var descriptions sync.Map

func apiInfo(version string) openapi.Info {
	return openapi.Info{
		Title: "Bursar", Version: version, Description: apiText,
		Events: alertEvents(),
		Tags:   slices.Concat(proxy.Tags, admin.Tags, []openapi.Tag{{Name: "health", Text: "For probes, collectors and readers."}}),
	}
}

// alertEvents are the messages to webhooks of alert routes.
func alertEvents() (events []openapi.Event) {
	for _, kind := range api.AlertKinds {
		events = append(events, openapi.Event{
			Name: kind.Event, Text: kind.Text, Version: api.AlertVersion, Body: webhook.Body{}, Always: kind.Always, Often: kind.Often,
		})
	}
	return events
}

func operations() []openapi.Operation {
	return slices.Concat(proxy.Operations(), admin.Operations(), ownOperations)
}

// ownOperations are those that neither the data path nor the admin API has.
var ownOperations = []openapi.Operation{
	{
		Method: "GET", Path: "/health/liveliness", Tag: "health", Public: true, Answer: "",
		Summary: "Say that the process answers.",
	},
	{
		Method: "GET", Path: "/health/liveness", Tag: "health", Public: true, Answer: "",
		Summary: "Say that the process answers; the same as /health/liveliness.",
	},
	{
		Method: "GET", Path: "/health/readiness", Tag: "health", Public: true, Answer: readiness{}, Unwell: readiness{},
		Summary: "Say whether requests can be served now, and which store is down if not.",
	},
	{
		Method: "GET", Path: "/metrics", Tag: "health", Media: []string{"text/plain"},
		Summary: "Read the metrics in Prometheus' text format.",
	},
	{
		Method: "GET", Path: "/openapi.json", Tag: "health", Public: true, Answer: map[string]any{},
		Summary: "Read this description.",
	},
	{
		Method: "GET", Path: "/docs", Tag: "health", Public: true, Media: []string{"text/html"},
		Summary: "Read this description as a page.",
	},
	{
		Method: "GET", Path: "/docs/page.js", Tag: "health", Public: true, Media: []string{"text/javascript"},
		Summary: "The script of the page.",
	},
	{
		Method: "GET", Path: "/docs/page.css", Tag: "health", Public: true, Media: []string{"text/css"},
		Summary: "The style of the page.",
	},
}
