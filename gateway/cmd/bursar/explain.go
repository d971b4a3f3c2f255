package main

import (
	"encoding/json"
	"fmt"
	"io"
	"runtime"

	"github.com/alecthomas/kong"
)

// versionCommand prints which program this is.
type versionCommand struct {
	JSON bool `name:"json" help:"Print it as JSON, with what it was built with."`
}

// Run writes the version to standard output.
func (c versionCommand) Run(stdout io.Writer) error {
	if !c.JSON {
		_, err := fmt.Fprintln(stdout, "bursar "+version)
		return err
	}
	return json.NewEncoder(stdout).Encode(map[string]string{
		"version": version, "go": runtime.Version(), "os": runtime.GOOS, "arch": runtime.GOARCH,
	})
}

// helpCommand explains a command, as --help behind it does.
type helpCommand struct {
	Command []string `arg:"" optional:"" help:"The command to explain; none explains all of them."`
}

// Run writes the explanation to standard output.
func (c helpCommand) Run(asked *kong.Context) error {
	about, err := kong.Trace(asked.Kong, c.Command)
	if err != nil {
		return fmt.Errorf("explain: %w", err)
	}
	if about.Error != nil && len(c.Command) > 0 && about.Selected() == nil && about.Empty() {
		return fmt.Errorf("explain: %w", about.Error)
	}
	return about.PrintUsage(false)
}
