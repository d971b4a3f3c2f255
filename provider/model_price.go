package provider

import (
	"encoding/json"

	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/client"
	"github.com/bursarhq/terraform-provider-bursar/provider/attribute"
)

// A price has the names of the API's JSON all through, so it is carried over as JSON by its type.

// tokenPriceTexts are the prices of tokens, by attribute.
var tokenPriceTexts = map[string]string{
	"input_per_million_usd":          "A million tokens of the prompt.",
	"output_per_million_usd":         "A million tokens of the completion.",
	"cached_input_per_million_usd":   "A million tokens of the prompt that the provider reads from its cache. Left out, they cost what input does.",
	"cache_write_per_million_usd":    "A million tokens of the prompt that are written to the provider's cache for five minutes.",
	"cache_write_1h_per_million_usd": "A million tokens of the prompt that are written to the provider's cache for an hour.",
	"audio_input_per_million_usd":    "A million tokens of sound in the prompt. Left out, they cost what input does.",
	"image_input_per_million_usd":    "A million tokens of pictures in the prompt. Left out, they cost what input does.",
	"reasoning_per_million_usd":      "A million tokens of reasoning in the completion. Left out, they cost what output does.",
	"audio_output_per_million_usd":   "A million tokens of sound in the completion. Left out, they cost what output does.",
	"image_output_per_million_usd":   "A million tokens of pictures in the completion. Left out, they cost what output does.",
}

func priceAttribute() schema.SingleNestedAttribute {
	service := func(name string) schema.Attribute {
		return schema.SingleNestedAttribute{
			MarkdownDescription: "What the provider's `" + name + "` service costs. Left out, a call that asks for it is refused.",
			Optional:            true,
			Attributes:          attribute.Merged(tokenPriceAttributes(), map[string]schema.Attribute{"tiers": priceTiersAttribute()}),
		}
	}
	return schema.SingleNestedAttribute{
		MarkdownDescription: "What the model costs, in US dollars, instead of what the gateway's catalogue says. It needs " +
			"`input_per_million_usd` and `output_per_million_usd`, or a price by the piece; `0` is free. With `from = \"provider\"` " +
			"it can do without, and the catalogue's prices are the list. Leave it out for the catalogue's price.",
		Optional: true,
		Attributes: attribute.Merged(tokenPriceAttributes(), map[string]schema.Attribute{
			"from": schema.StringAttribute{
				MarkdownDescription: "Who says what a call cost: `list`, these prices, or `provider`, one that reports its own cost as OpenRouter does in " +
					"`usage.cost`, as far as that is not above `max_factor` times the list price. A call without such a report is charged by the list. Left out, `list`.",
				Optional:   true,
				Validators: attribute.Valid(stringvalidator.OneOf("list", "provider")),
			},
			"max_factor": schema.NumberAttribute{
				MarkdownDescription: "How many times the list price a provider that is believed may say, from 1 to 1000. As many times more is reserved. Left out, 1.5.",
				Optional:            true,
			},
			"tiers":                      priceTiersAttribute(),
			"flex":                       service("flex"),
			"priority":                   service("priority"),
			"batch":                      service("batch"),
			"request_usd":                priceOfOne("Every request."),
			"characters_per_million_usd": priceOfOne("A million characters of text that is spoken."),
			"audio_hour_usd":             priceOfOne("An hour of sound that is written down, charged by the second."),
			"images":                     imagePricesAttribute(),
			"search":                     searchPriceAttribute(),
		}),
	}
}

func tokenPriceAttributes() map[string]schema.Attribute {
	attributes := map[string]schema.Attribute{}
	for name, text := range tokenPriceTexts {
		attributes[name] = priceOfOne(text)
	}
	return attributes
}

func priceOfOne(description string) schema.NumberAttribute {
	return attribute.USD(description)
}

func neededPrice(description string) schema.NumberAttribute {
	attribute := attribute.USD(description)
	attribute.Optional, attribute.Required = false, true
	return attribute
}

func priceTiersAttribute() schema.ListNestedAttribute {
	above := schema.Int64Attribute{MarkdownDescription: "The tokens of the prompt above which the tier holds.", Required: true}
	return schema.ListNestedAttribute{
		MarkdownDescription: "Other prices for large prompts: the last tier whose bound the prompt is above prices the whole request.",
		Optional:            true,
		Validators:          []validator.List{listvalidator.SizeAtLeast(1)},
		NestedObject: schema.NestedAttributeObject{
			Attributes: attribute.Merged(tokenPriceAttributes(), map[string]schema.Attribute{"above_prompt_tokens": above}),
		},
	}
}

func imagePricesAttribute() schema.ListNestedAttribute {
	text := func(description string) schema.Attribute {
		return schema.StringAttribute{MarkdownDescription: description, Optional: true, Validators: attribute.Valid(stringvalidator.LengthAtLeast(1))}
	}
	return schema.ListNestedAttribute{
		MarkdownDescription: "Pictures that are made, by size and quality.",
		Optional:            true,
		Validators:          []validator.List{listvalidator.SizeAtLeast(1)},
		NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
			"size":    text("The size, such as `1024x1024`. Left out, any."),
			"quality": text("The quality, such as `high`. Left out, any."),
			"usd":     neededPrice("One picture."),
		}},
	}
}

func searchPriceAttribute() schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		MarkdownDescription: "Each web search that the model makes, by how much of what it finds the model reads.",
		Optional:            true,
		Attributes: map[string]schema.Attribute{
			"low_usd":    neededPrice("A search of which little is read."),
			"medium_usd": neededPrice("A search of which a usual amount is read."),
			"high_usd":   neededPrice("A search of which much is read."),
		},
	}
}

// priceOf is the price that the object says, nil for null. It says false when something in it is not known
// yet, or is no price, which the attributes' validators say.
func priceOf(object types.Object) (*api.ModelPrice, bool) {
	plain, known := attribute.PlainOf(object)
	if !known {
		return nil, false
	}
	encoded, err := json.Marshal(withShortNumbers(plain))
	if err != nil {
		return nil, false
	}
	var price *api.ModelPrice
	err = json.Unmarshal(encoded, &price)
	return price, err == nil
}

// withShortNumbers rounds what Terraform has computed to more digits than the gateway reads, such as 10 / 3.
func withShortNumbers(plain any) any {
	switch v := plain.(type) {
	case map[string]any:
		for name, element := range v {
			v[name] = withShortNumbers(element)
		}
	case []any:
		for i, element := range v {
			v[i] = withShortNumbers(element)
		}
	case json.RawMessage:
		if number, ok := attribute.FromNumber(string(v)).(types.Number); ok {
			return json.RawMessage(number.ValueBigFloat().Text('f', 12))
		}
	}
	return plain
}

func priceType() types.ObjectType {
	object, _ := priceAttribute().GetType().(types.ObjectType)
	return object
}

// priceFrom keeps prior when it means the same, as amounts may have been written with more digits.
func priceFrom(price *api.ModelPrice, prior types.Object) types.Object {
	if before, known := priceOf(prior); known && before != nil && price != nil && client.Same(before, price) {
		return prior
	}
	encoded, err := json.Marshal(price)
	if err != nil {
		return types.ObjectNull(priceType().AttrTypes)
	}
	object, _ := typedValue(priceType(), attribute.PlainJSON(encoded)).(types.Object)
	return object
}

// typedValue is a plain JSON value as a value of the type; what is missing is null.
func typedValue(t attr.Type, plain any) attr.Value {
	switch t := t.(type) {
	case types.ObjectType:
		fields, ok := plain.(map[string]any)
		if !ok {
			return types.ObjectNull(t.AttrTypes)
		}
		values := make(map[string]attr.Value, len(t.AttrTypes))
		for name, inner := range t.AttrTypes {
			values[name] = typedValue(inner, fields[name])
		}
		return types.ObjectValueMust(t.AttrTypes, values)
	case types.ListType:
		elements, ok := plain.([]any)
		if !ok {
			return types.ListNull(t.ElemType)
		}
		values := make([]attr.Value, 0, len(elements))
		for _, element := range elements {
			values = append(values, typedValue(t.ElemType, element))
		}
		return types.ListValueMust(t.ElemType, values)
	default:
		return plainTypedValue(t, plain)
	}
}

func plainTypedValue(t attr.Type, plain any) attr.Value {
	number, isNumber := plain.(json.Number)
	text, isText := plain.(string)
	switch t.(type) {
	case basetypes.Int64Type:
		if whole, err := number.Int64(); isNumber && err == nil {
			return types.Int64Value(whole)
		}
		return types.Int64Null()
	case basetypes.NumberType:
		if value, ok := attribute.FromNumber(number.String()).(types.Number); isNumber && ok {
			return value
		}
		return types.NumberNull()
	default:
		if isText {
			return types.StringValue(text)
		}
		return types.StringNull()
	}
}
