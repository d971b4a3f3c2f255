package main

import (
	"fmt"
	"io"
	"strings"
)

// narrator tells the story: numbered titles, sentences below them, and what programs
// and servers said as indented blocks.
type narrator struct {
	w io.Writer
}

func (n narrator) title(number int, title string) {
	fmt.Fprintf(n.w, "\n%2d. %s\n", number, title)
}

// say writes one sentence.
func (n narrator) say(format string, args ...any) {
	fmt.Fprintf(n.w, "    %s\n", fmt.Sprintf(format, args...))
}

// show writes the lines of a block, marked as somebody else's words.
func (n narrator) show(block string) {
	for line := range strings.Lines(strings.Trim(block, "\n")) {
		fmt.Fprintf(n.w, "      | %s\n", strings.TrimRight(line, " \r\n"))
	}
}

func (n narrator) end(format string, args ...any) {
	fmt.Fprintf(n.w, "\n%s\n", fmt.Sprintf(format, args...))
}
