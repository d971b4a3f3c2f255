// Command terraform-provider-bursar is the Terraform provider; Terraform starts it.
//
// It promises to add nothing to package provider but its serving, and must never know a resource.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"

	"github.com/bursarhq/terraform-provider-bursar/provider"
)

// version is set by the linker.
var version = "dev"

func main() {
	debug := flag.Bool("debug", false, "serve for a debugger to attach to, and print how Terraform reaches it")
	showVersion := flag.Bool("version", false, "print the version and exit")
	flag.Parse()
	if *showVersion {
		fmt.Println("terraform-provider-bursar", version)
		return
	}
	err := providerserver.Serve(context.Background(), provider.New(version), providerserver.ServeOpts{
		Address: "registry.terraform.io/bursarhq/bursar",
		Debug:   *debug,
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, "terraform-provider-bursar: "+err.Error())
		os.Exit(1)
	}
}
