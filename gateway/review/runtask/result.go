package runtask

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// What a run is told of a task.
const (
	running = "running"
	passed  = "passed"
	failed  = "failed"
)

const (
	// mostMessage is how many bytes the line has that a run shows.
	mostMessage = 1000
	// mostBody is how many bytes of Markdown an outcome has: HCP Terraform asks for less than 1 MB, and takes 5.
	mostBody = 1_000_000
)

// result is what a run is told.
type result struct {
	status, message string
	// body is the whole review, "" for none.
	body string
}

func resultOf(found Review) result {
	told := result{status: passed, message: found.Summary, body: found.Markdown}
	if found.NeedsApproval {
		told.status = failed
		told.message = found.Summary + ": " + strings.Join(found.Reasons, "; ")
	}
	return told
}

type object = map[string]any

// payload is the body of the callback, by JSON:API.
func (r result) payload(outcomes bool) object {
	data := object{"type": "task-results", "attributes": object{"status": r.status, "message": oneLine(r.message, mostMessage)}}
	if outcomes && r.body != "" {
		data["relationships"] = object{"outcomes": object{"data": []object{r.outcome()}}}
	}
	return object{"data": data}
}

func (r result) outcome() object {
	label, level := "Passed", "info"
	if r.status == failed {
		label, level = "Needs approval", "error"
	}
	return object{"type": "task-result-outcomes", "attributes": object{
		"outcome-id": "quota-review", "description": oneLine(r.message, mostMessage), "body": cut(r.body, mostBody),
		"tags": object{"Status": []object{{"label": label, "level": level}}},
	}}
}

func oneLine(text string, most int) string {
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "�")), " ")
	if len(text) <= most {
		return text
	}
	return whole(text[:most-len("…")]) + "…"
}

// cut ends a text that is too long at a line, so that no row of a table is broken.
func cut(text string, most int) string {
	text = strings.ToValidUTF8(text, "�")
	if len(text) <= most {
		return text
	}
	ending := fmt.Sprintf("\n\nThe rest did not fit: the review has %d characters.\n", utf8.RuneCountInString(text))
	kept := whole(text[:most-len(ending)])
	if line := strings.LastIndexByte(kept, '\n'); line > 0 {
		kept = kept[:line]
	}
	return kept + ending
}

// whole leaves out a character that was cut in two.
func whole(text string) string {
	for !utf8.ValidString(text) {
		text = text[:len(text)-1]
	}
	return text
}
