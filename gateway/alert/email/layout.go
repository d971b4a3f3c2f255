package email

import (
	_ "embed"
	"fmt"
	"html/template"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/gateway/alert"
)

//go:embed message.html
var page string

var layout = template.Must(template.New("message").Parse(page))

// colors are of the line above a message.
var colors = map[string]string{"critical": "#c0392b", "warning": "#d68910"}

func inHTML(words alert.Words) (string, error) {
	color := colors[words.Severity]
	if color == "" {
		color = "#2471a3"
	}
	var text strings.Builder
	err := layout.Execute(&text, struct {
		alert.Words
		Color string
	}{words, color})
	if err != nil {
		return "", fmt.Errorf("lay out the message: %w", err)
	}
	return text.String(), nil
}

// inText is the same for programs that show no HTML, with the names of the facts in a column.
func inText(words alert.Words) string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s\n\n%s\n", words.Title, words.Text)
	if len(words.Facts) > 0 {
		text.WriteString("\n")
	}
	widest := 0
	for _, fact := range words.Facts {
		widest = max(widest, len(fact.Name))
	}
	for _, fact := range words.Facts {
		fmt.Fprintf(&text, "%-*s  %s\n", widest+1, fact.Name+":", fact.Value)
	}
	if len(words.Also) > 0 {
		text.WriteString("\nAlso:\n")
	}
	for _, also := range words.Also {
		fmt.Fprintf(&text, "* %s\n", also)
	}
	if len(words.Links) > 0 {
		text.WriteString("\n")
	}
	for _, link := range words.Links {
		fmt.Fprintf(&text, "%s: %s\n", link.Text, link.URL)
	}
	fmt.Fprintf(&text, "\n-- \n%s\n", words.Why)
	return text.String()
}
