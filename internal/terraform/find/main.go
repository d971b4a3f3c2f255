// Command find prints the path of the Terraform or OpenTofu that this project's commands use.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/bursarhq/terraform-provider-bursar/internal/terraform"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "find Terraform:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	cache, err := terraform.CacheDir()
	if err != nil {
		return err
	}
	path, err := terraform.Find(ctx, cache)
	if err != nil {
		return err
	}
	fmt.Println(path)
	return nil
}
