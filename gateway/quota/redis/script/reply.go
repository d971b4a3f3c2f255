package script

import (
	"errors"
	"fmt"
)

// Reply reads a script's answer: lists of integers, text and lists. The first thing that
// does not fit is kept in Err.
type Reply struct {
	values []any
	next   int
	Err    error
}

// Status is the word that the answer begins with.
func (r *Reply) Status() string { return StatusOf(r.values) }

// NewReply reads what a script has answered.
func NewReply(values []any) *Reply { return &Reply{values: values} }

// More says whether there are values that were not read.
func (r *Reply) More() bool { return r.next < len(r.values) }

func (r *Reply) value() any {
	if r.next >= len(r.values) {
		r.fail("has %d values", len(r.values))
		return nil
	}
	r.next++
	return r.values[r.next-1]
}

// Text reads text.
func (r *Reply) Text() string {
	text, ok := r.value().(string)
	if !ok {
		r.fail("value %d is no text", r.next)
	}
	return text
}

// Int reads an integer.
func (r *Reply) Int() int64 {
	n, ok := r.value().(int64)
	if !ok {
		r.fail("value %d is no integer", r.next)
	}
	return n
}

// List reads a list; what is wrong in it is wrong in the reply.
func (r *Reply) List() []any {
	list, ok := r.value().([]any)
	if !ok {
		r.fail("value %d is no list", r.next)
	}
	return list
}

// take reads n values as they are.
func (r *Reply) take(n int64) []any {
	if n < 0 || n > int64(len(r.values)-r.next) {
		r.fail("%d more values of %d at %d", n, len(r.values), r.next)
		r.next = len(r.values)
		return nil
	}
	r.next += int(n)
	return r.values[r.next-int(n) : r.next]
}

// Each reads a list of lists.
func (r *Reply) Each(read func(i int, inner *Reply)) {
	for i, value := range r.List() {
		values, _ := value.([]any)
		inner := NewReply(values)
		read(i, inner)
		if inner.Err != nil && r.Err == nil {
			r.Err = inner.Err
		}
	}
}

func (r *Reply) fail(format string, args ...any) {
	if r.Err == nil {
		r.Err = fmt.Errorf("answer of a script: "+format, args...)
	}
}

// StatusOf is the word that an answer of a script begins with.
func StatusOf(answer []any) string {
	if len(answer) == 0 {
		return ""
	}
	status, _ := answer[0].(string)
	return status
}

// GroupAnswers reads what a script says to a group: one list with the length of each answer before it, or a word that
// is everybody's.
func GroupAnswers(answer *Reply, calls int) ([][]any, error) {
	answers := make([][]any, 0, calls)
	status := answer.Text()
	if status == "ok" {
		list := NewReply(answer.List())
		for list.More() {
			answers = append(answers, list.take(list.Int()))
		}
		return answers, errors.Join(answer.Err, list.Err)
	}
	for range calls {
		answers = append(answers, []any{status})
	}
	return answers, answer.Err
}
