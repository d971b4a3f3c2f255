package config_test

import (
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
)

func TestLoad_exceededStatus(t *testing.T) {
	for text, want := range map[string]config.ExceededStatus{
		"":                                 {Chat: 403, Messages: 402, Responses: 400},
		"exceeded_status:":                 {Chat: 403, Messages: 402, Responses: 400},
		"exceeded_status: 402":             {Chat: 402, Messages: 402, Responses: 402},
		"exceeded_status: {}":              {Chat: 403, Messages: 402, Responses: 400},
		"exceeded_status: {chat: 429}":     {Chat: 429, Messages: 402, Responses: 400},
		"exceeded_status: {messages: 400}": {Chat: 403, Messages: 400, Responses: 400},
		"exceeded_status: {chat: 402, messages: 403, responses: 429}": {Chat: 402, Messages: 403, Responses: 429},
		"exceeded_status: ${STATUS}":                                  {Chat: 400, Messages: 400, Responses: 400},
		"exceeded_status: {chat: \"${STATUS}\"}":                      {Chat: 400, Messages: 402, Responses: 400},
	} {
		got, err := load(t, "budgets:\n  timezone: UTC\n  "+text, map[string]string{"BURSAR_ADMIN_KEY": adminEnv["BURSAR_ADMIN_KEY"], "STATUS": "400"})
		if err != nil || got.ExceededStatus != want {
			t.Errorf("%s: %+v, %v", text, got.ExceededStatus, err)
		}
	}
}

func TestLoad_contact(t *testing.T) {
	for _, contact := range []string{"", "platform@example.com", "https://wiki.example.com/limits?team=a#ask", "http://intranet/limits"} {
		got, err := load(t, "litellm_errors: true\ncontact: "+contact, adminEnv)
		if err != nil || got.Contact != contact || !got.LiteLLMErrors {
			t.Errorf("%s: %q, %v", contact, got.Contact, err)
		}
	}
}
