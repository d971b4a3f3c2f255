package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"
)

// bench stands in for the test that testenv's servers belong to: it has what they ask of one.
// Any other method of a test would panic, as there is none.
type bench struct {
	testing.TB
	ctx  context.Context
	dir  string
	undo []func()
	errs []error
}

// benchFailure is what a server that cannot be started is thrown with; attempt catches it.
type benchFailure struct{ error }

func newBench(ctx context.Context) (*bench, error) {
	dir, err := os.MkdirTemp("", "bursar-chaos-")
	if err != nil {
		return nil, fmt.Errorf("make a temporary folder: %w", err)
	}
	return &bench{ctx: ctx, dir: dir}, nil
}

// Helper implements [testing.TB].
func (b *bench) Helper() {}

// Context implements [testing.TB].
func (b *bench) Context() context.Context { return b.ctx }

// Cleanup implements [testing.TB]; close calls what it is given, the latest first.
func (b *bench) Cleanup(undo func()) { b.undo = append(b.undo, undo) }

// TempDir implements [testing.TB].
func (b *bench) TempDir() string {
	dir, err := os.MkdirTemp(b.dir, "server-")
	if err != nil {
		b.Fatalf("make a temporary folder: %v", err)
	}
	return dir
}

// Fatalf implements [testing.TB]; it ends the attempt it is called in.
func (b *bench) Fatalf(format string, args ...any) {
	panic(benchFailure{fmt.Errorf(format, args...)})
}

// Skipf implements [testing.TB]; it ends the attempt it is called in.
func (b *bench) Skipf(format string, args ...any) { b.Fatalf(format, args...) }

// Fatal implements [testing.TB].
func (b *bench) Fatal(args ...any) { b.Fatalf("%s", fmt.Sprint(args...)) }

// Errorf implements [testing.TB]; close returns the error.
func (b *bench) Errorf(format string, args ...any) {
	b.errs = append(b.errs, fmt.Errorf(format, args...))
}

// attempt runs steps that start servers and returns why they failed.
func (b *bench) attempt(steps func()) (err error) {
	defer func() {
		switch failure := recover().(type) {
		case nil:
		case benchFailure:
			err = failure.error
		default:
			panic(failure)
		}
	}()
	steps()
	return nil
}

// close ends the servers and removes their files.
func (b *bench) close() error {
	for _, undo := range slices.Backward(b.undo) {
		undo()
	}
	b.undo = nil
	return errors.Join(append(b.errs, os.RemoveAll(b.dir))...)
}
