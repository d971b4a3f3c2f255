package provider_test

import (
	"path/filepath"
	"testing"

	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// What a Terraform of 1.14 runs cannot be applied here, but must be written as the provider's schemas have it.
func TestExamples_ofActionsAndListResources(t *testing.T) {
	p := newProtocol(t)
	shown := map[string]bool{}
	for _, kind := range []string{"actions", "list-resources"} {
		files, err := filepath.Glob("../examples/" + kind + "/*/*")
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			typeName := filepath.Base(filepath.Dir(file))
			shown[kind+" "+typeName] = true
			schema := p.schemas.ListResourceSchemas[typeName]
			if kind == "actions" {
				schema = p.schemas.ActionSchemas[typeName].Schema
			}
			checkConfig(t, file, typeName, schema)
		}
	}
	for name := range p.schemas.ActionSchemas {
		if !shown["actions "+name] {
			t.Errorf("the action %s has no example", name)
		}
	}
	for name := range p.schemas.ListResourceSchemas {
		if !shown["list-resources "+name] {
			t.Errorf("the list resource %s has no example", name)
		}
	}
}

// checkConfig compares the config block of the file's block of that type with the schema.
func checkConfig(t *testing.T, file, typeName string, schema *tfprotov6.Schema) {
	t.Helper()
	parsed, diags := hclparse.NewParser().ParseHCLFile(file)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	body, _ := parsed.Body.(*hclsyntax.Body)
	for _, block := range body.Blocks {
		if len(block.Labels) == 0 || block.Labels[0] != typeName || block.Type == "resource" {
			continue
		}
		given := map[string]bool{}
		for _, inner := range block.Body.Blocks {
			for name := range inner.Body.Attributes {
				given[name] = true
			}
		}
		for _, attribute := range schema.Block.Attributes {
			if attribute.Required && !given[attribute.Name] {
				t.Errorf("%s: %s is missing", file, attribute.Name)
			}
			delete(given, attribute.Name)
		}
		for name := range given {
			t.Errorf("%s: there is no %s", file, name)
		}
		return
	}
	t.Errorf("%s has no block of %s", file, typeName)
}
