//go:build !linux

package main

// releaseProgram does nothing: only Linux is asked to give pages of the program back.
func releaseProgram() {}
