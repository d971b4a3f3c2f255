package main

import (
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// The types are those of Terraform's JSON, as far as the provider's schemas need it: it has no nested blocks.

type document struct {
	FormatVersion   string                     `json:"format_version"`
	ProviderSchemas map[string]providerSchemas `json:"provider_schemas"`
}

type providerSchemas struct {
	Provider           schema              `json:"provider"`
	Resources          map[string]schema   `json:"resource_schemas"`
	DataSources        map[string]schema   `json:"data_source_schemas"`
	EphemeralResources map[string]schema   `json:"ephemeral_resource_schemas"`
	ListResources      map[string]schema   `json:"list_resource_schemas"`
	Actions            map[string]schema   `json:"action_schemas"`
	Functions          map[string]function `json:"functions"`
	Identities         map[string]identity `json:"resource_identity_schemas"`
}

type schema struct {
	Version int64 `json:"version"`
	Block   block `json:"block"`
}

type block struct {
	Attributes      map[string]attribute `json:"attributes,omitempty"`
	Description     string               `json:"description,omitempty"`
	DescriptionKind string               `json:"description_kind,omitempty"`
}

type attribute struct {
	Type            tftypes.Type `json:"type,omitempty"`
	NestedType      *nested      `json:"nested_type,omitempty"`
	Description     string       `json:"description,omitempty"`
	DescriptionKind string       `json:"description_kind,omitempty"`
	Required        bool         `json:"required,omitempty"`
	Optional        bool         `json:"optional,omitempty"`
	Computed        bool         `json:"computed,omitempty"`
	Sensitive       bool         `json:"sensitive,omitempty"`
	WriteOnly       bool         `json:"write_only,omitempty"`
	Deprecated      bool         `json:"deprecated,omitempty"`
}

type nested struct {
	Attributes  map[string]attribute `json:"attributes"`
	NestingMode string               `json:"nesting_mode"`
}

type function struct {
	Description       string       `json:"description,omitempty"`
	Summary           string       `json:"summary,omitempty"`
	ReturnType        tftypes.Type `json:"return_type"`
	Parameters        []parameter  `json:"parameters,omitempty"`
	VariadicParameter *parameter   `json:"variadic_parameter,omitempty"`
}

type parameter struct {
	Name        string       `json:"name"`
	Description string       `json:"description,omitempty"`
	Nullable    bool         `json:"is_nullable,omitempty"`
	Type        tftypes.Type `json:"type"`
}

type identity struct {
	Version    int64                        `json:"version"`
	Attributes map[string]identityAttribute `json:"attributes"`
}

type identityAttribute struct {
	Type              tftypes.Type `json:"type"`
	Description       string       `json:"description,omitempty"`
	RequiredForImport bool         `json:"required_for_import,omitempty"`
	OptionalForImport bool         `json:"optional_for_import,omitempty"`
}

var nestingModes = map[tfprotov6.SchemaObjectNestingMode]string{
	tfprotov6.SchemaObjectNestingModeSingle: "single",
	tfprotov6.SchemaObjectNestingModeList:   "list",
	tfprotov6.SchemaObjectNestingModeSet:    "set",
	tfprotov6.SchemaObjectNestingModeMap:    "map",
}

func all(schemas *tfprotov6.GetProviderSchemaResponse, identities *tfprotov6.GetResourceIdentitySchemasResponse) providerSchemas {
	actions := func(action *tfprotov6.ActionSchema) schema { return schemaOf(action.Schema) }
	return providerSchemas{
		Provider:           schemaOf(schemas.Provider),
		Resources:          each(schemas.ResourceSchemas, schemaOf),
		DataSources:        each(schemas.DataSourceSchemas, schemaOf),
		EphemeralResources: each(schemas.EphemeralResourceSchemas, schemaOf),
		ListResources:      each(schemas.ListResourceSchemas, schemaOf),
		Actions:            each(schemas.ActionSchemas, actions),
		Functions:          each(schemas.Functions, functionOf),
		Identities:         each(identities.IdentitySchemas, identityOf),
	}
}

func each[From, To any](from map[string]From, convert func(From) To) map[string]To {
	to := make(map[string]To, len(from))
	for name, value := range from {
		to[name] = convert(value)
	}
	return to
}

func schemaOf(s *tfprotov6.Schema) schema {
	return schema{Version: s.Version, Block: block{
		Attributes:      attributesOf(s.Block.Attributes),
		Description:     s.Block.Description,
		DescriptionKind: kind(s.Block.DescriptionKind),
	}}
}

func attributesOf(attributes []*tfprotov6.SchemaAttribute) map[string]attribute {
	converted := make(map[string]attribute, len(attributes))
	for _, a := range attributes {
		one := attribute{
			Type: a.Type, Description: a.Description, DescriptionKind: kind(a.DescriptionKind), Required: a.Required,
			Optional: a.Optional, Computed: a.Computed, Sensitive: a.Sensitive, WriteOnly: a.WriteOnly, Deprecated: a.Deprecated,
		}
		if a.NestedType != nil {
			one.Type = nil
			one.NestedType = &nested{Attributes: attributesOf(a.NestedType.Attributes), NestingMode: nestingModes[a.NestedType.Nesting]}
		}
		converted[a.Name] = one
	}
	return converted
}

func functionOf(f *tfprotov6.Function) function {
	converted := function{Description: f.Description, Summary: f.Summary, ReturnType: f.Return.Type}
	for _, p := range f.Parameters {
		converted.Parameters = append(converted.Parameters, parameterOf(p))
	}
	if f.VariadicParameter != nil {
		last := parameterOf(f.VariadicParameter)
		converted.VariadicParameter = &last
	}
	return converted
}

func parameterOf(p *tfprotov6.FunctionParameter) parameter {
	return parameter{Name: p.Name, Description: p.Description, Nullable: p.AllowNullValue, Type: p.Type}
}

func identityOf(i *tfprotov6.ResourceIdentitySchema) identity {
	attributes := make(map[string]identityAttribute, len(i.IdentityAttributes))
	for _, a := range i.IdentityAttributes {
		attributes[a.Name] = identityAttribute{
			Type: a.Type, Description: a.Description, RequiredForImport: a.RequiredForImport, OptionalForImport: a.OptionalForImport,
		}
	}
	return identity{Version: i.Version, Attributes: attributes}
}

func kind(k tfprotov6.StringKind) string {
	if k == tfprotov6.StringKindMarkdown {
		return "markdown"
	}
	return "plain"
}
