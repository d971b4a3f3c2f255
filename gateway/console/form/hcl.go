package form

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
)

// HCL are the attributes that a form changes, as Terraform reads them. What becomes nothing is left out there.
func (n Noun) HCL(form url.Values, before Parts) string {
	shown := n.Values(before)
	var whole strings.Builder
	inner := map[string]*strings.Builder{}
	order := []string{}
	for _, field := range n.Fields {
		if !field.Shown(false) || !field.filled(form, shown) {
			continue
		}
		lines := &whole
		if field.In != "" {
			if inner[field.In] == nil {
				inner[field.In] = &strings.Builder{}
				order = append(order, field.In)
			}
			lines = inner[field.In]
		}
		lines.WriteString(field.hcl(form))
	}
	for _, name := range order {
		lines := strings.TrimSuffix(inner[name].String(), "\n")
		fmt.Fprintf(&whole, "%s = {\n  %s\n  # and what stands there already\n}\n", name, strings.ReplaceAll(lines, "\n", "\n  "))
	}
	return whole.String()
}

// hcl is the attribute of one input. A secret is none that a configuration may hold.
func (f Field) hcl(form url.Values) string {
	if f.Kind == Secret {
		return fmt.Sprintf("# a new %[1]s: where %[1]s_wo gets it from, and one more in %[1]s_wo_version\n", f.Name)
	}
	value, err := f.value(f.typed(form))
	if err != nil {
		return "" // the form was read before
	}
	data, err := json.Marshal(value)
	if err != nil || string(data) == "null" {
		return fmt.Sprintf("# remove %s\n", f.Name)
	}
	text := string(data)
	switch value := value.(type) {
	case string:
		text = hclText(value)
	case []string:
		quoted := make([]string, len(value))
		for i, one := range value {
			quoted[i] = hclText(one)
		}
		text = "[" + strings.Join(quoted, ", ") + "]"
	}
	return fmt.Sprintf("%s = %s\n", f.Name, text)
}

// hclText quotes a text so that nothing in it is a template.
func hclText(text string) string {
	data, err := json.Marshal(text)
	if err != nil {
		return `""` // a text is always JSON
	}
	return strings.NewReplacer("${", "$${", "%{", "%%{").Replace(string(data))
}
