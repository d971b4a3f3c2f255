package api_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

func TestModelPrice_refusesWhatIsMisspelled(t *testing.T) {
	for text, want := range map[string]string{
		`{"inputt_per_million_usd":1}`:                      `inputt_per_million_usd is not known; known are audio_`,
		`{"flex":{"inputt_per_million_usd":1}}`:             `flex has "inputt_per_million_usd", which is not known there`,
		`{"tiers":[{"above":1}]}`:                           `tiers has "above", which is not known there`,
		`{"images":[{"price":1}]}`:                          `images has "price", which is not known there`,
		`{"input_per_million_usd":"cheap"}`:                 `input_per_million_usd: "cheap" is not a number`,
		`{"search":{"low_usd":{}}}`:                         `search: `,
		`{"request_usd":1,"characters_per_million_usd":[]}`: `characters_per_million_usd: `,
		`[]`: `a price must be an object`,
	} {
		price := api.ModelPrice{Request: new(money.USD)}
		err := json.Unmarshal([]byte(text), &price)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
		if price.Request == nil || *price.Request != money.USD {
			t.Errorf("%s changed the price", text)
		}
	}
}

func TestModelPrice_saysWhoIsBelieved(t *testing.T) {
	for text, want := range map[string]string{
		`{"from":"provider"}`:                                                      "",
		`{"from":"provider","max_factor":1}`:                                       "",
		`{"from":"provider","max_factor":1000,"request_usd":1}`:                    "",
		`{"from":"list","input_per_million_usd":1,"output_per_million_usd":0}`:     "",
		`{"from":"provider","input_per_million_usd":0,"output_per_million_usd":1}`: "",
		`{"from":"list"}`: "price needs input_per_million_usd",
		`{"from":"vendor","input_per_million_usd":1,"output_per_million_usd":1}`:              "price.from is \"vendor\"; it must be list",
		`{"from":"provider","input_per_million_usd":1}`:                                       "price needs input_per_million_usd",
		`{"from":"provider","input_per_million_usd":0,"output_per_million_usd":0}`:            "price bounds what the provider says by prices of 0",
		`{"from":"provider","max_factor":0.5}`:                                                "price.max_factor is 0.5; it must be between 1 and 1000",
		`{"from":"provider","max_factor":1001}`:                                               "price.max_factor is 1001",
		`{"max_factor":2,"input_per_million_usd":1,"output_per_million_usd":1}`:               "price.max_factor is for from: provider only",
		`{"from":"list","max_factor":2,"input_per_million_usd":1,"output_per_million_usd":1}`: "price.max_factor is for from: provider only",
	} {
		var price api.ModelPrice
		if err := json.Unmarshal([]byte(text), &price); err != nil {
			t.Fatal(err)
		}
		err := price.Validate()
		if (want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
		written, err := json.Marshal(price)
		if err != nil || string(written) != text {
			t.Errorf("read  %s\nwrote %s, %v", text, written, err)
		}
	}
}

func TestModelPrice_writesWhatItReads(t *testing.T) {
	const text = `{"input_per_million_usd":0.4,"output_per_million_usd":1.6,"cached_input_per_million_usd":0,` +
		`"tiers":[{"above_prompt_tokens":200000,"input_per_million_usd":0.8,"output_per_million_usd":3.2}],` +
		`"priority":{"input_per_million_usd":0.7,"output_per_million_usd":2.8},"request_usd":0.001,` +
		`"images":[{"size":"1024x1024","quality":"hd","usd":0.08}],"search":{"low_usd":0.01,"medium_usd":0.02,"high_usd":0.03}}`
	var price api.ModelPrice
	if err := json.Unmarshal([]byte(text), &price); err != nil {
		t.Fatal(err)
	}
	written, err := json.Marshal(price)
	if err != nil || string(written) != text {
		t.Errorf("read  %s\nwrote %s, %v", text, written, err)
	}
	if err := price.Validate(); err != nil {
		t.Error(err)
	}
}
