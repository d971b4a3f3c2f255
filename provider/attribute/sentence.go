package attribute

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Sentence makes an error text one, but leaves the name of a field that it starts with as it is.
func Sentence(err error) string {
	text := strings.TrimSpace(err.Error())
	refused, ok := errors.AsType[*api.Error](err)
	aboutField := ok && refused.Param != "" && strings.HasPrefix(text, refused.Param)
	if first, size := utf8.DecodeRuneInString(text); !aboutField && size > 0 {
		text = string(unicode.ToUpper(first)) + text[size:]
	}
	if !strings.HasSuffix(text, ".") && !strings.HasSuffix(text, "?") {
		text += "."
	}
	return text
}
