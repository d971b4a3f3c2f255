package openapi

import (
	_ "embed"
	"encoding/json"
	"path"
	"reflect"
	"regexp"
	"strings"
	"sync"
)

// commentsFile holds the comments of the source, which a program does not carry: "api.Team.TeamID" -> text.
// It is written by gateway/openapi/comments as part of make generate.
//
//go:embed comments.json
var commentsFile []byte

var comments = sync.OnceValue(func() map[string]string {
	var texts map[string]string
	if err := json.Unmarshal(commentsFile, &texts); err != nil {
		panic("comments.json is not what gateway/openapi/comments writes: " + err.Error())
	}
	return texts
})

// commentOn returns what the source says about a type.
func commentOn(t reflect.Type) string {
	return plain(comments()[nameOf(t)])
}

// commentOnField returns what the source says about a field, with fields called what readers know them by.
func commentOnField(t reflect.Type, index int) string {
	text := comments()[nameOf(t)+"."+t.Field(index).Name]
	for i := range t.NumField() {
		field := t.Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "" || name == "-" || (i != index && !camel.MatchString(field.Name)) {
			continue
		}
		text = regexp.MustCompile(`\b`+field.Name+`\b`).ReplaceAllString(text, "`"+name+"`")
	}
	return plain(text)
}

// camel are names that are no words of English.
var camel = regexp.MustCompile(`.[A-Z]`)

func nameOf(t reflect.Type) string { return path.Base(t.PkgPath()) + "." + t.Name() }

var nothing = regexp.MustCompile(`\b([Nn])il\b`)

// plain writes what is Go in a comment as readers of JSON know it.
func plain(text string) string { return nothing.ReplaceAllString(text, "${1}ull") }
