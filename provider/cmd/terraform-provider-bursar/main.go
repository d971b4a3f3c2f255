// Command terraform-provider-bursar is the Terraform provider; Terraform starts it.
//
// It promises to add nothing to package provider but its serving, and must never know a resource.
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime/debug"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"

	"github.com/bursarhq/terraform-provider-bursar/provider"
)

// version is set by the linker.
var version = "dev"

func main() {
	attach := flag.Bool("debug", false, "serve for a debugger to attach to, and print how Terraform reaches it")
	showVersion := flag.Bool("version", false, "print the version and exit")
	flag.Parse()
	if *showVersion {
		fmt.Println("terraform-provider-bursar", version)
		return
	}
	quietUnlessAsked()
	// Plans of large estates make much garbage and keep little of it.
	debug.SetGCPercent(200)
	err := tf6server.Serve("registry.terraform.io/bursarhq/bursar", provider.Server(version), options(*attach)...)
	if err != nil {
		fmt.Fprintln(os.Stderr, "terraform-provider-bursar: "+err.Error())
		os.Exit(1)
	}
}

func options(attach bool) []tf6server.ServeOpt {
	if !attach {
		return nil
	}
	return []tf6server.ServeOpt{tf6server.WithManagedDebug()}
}

// quietUnlessAsked keeps the plugin libraries from writing what Terraform throws away: left to themselves they log
// every call at TRACE, which for thousands of resources costs as much as planning them.
func quietUnlessAsked() {
	const libraries = "TF_LOG_SDK"
	for _, name := range []string{"TF_LOG", "TF_LOG_PROVIDER", libraries} {
		if os.Getenv(name) != "" {
			return
		}
	}
	if err := os.Setenv(libraries, "off"); err != nil {
		fmt.Fprintln(os.Stderr, "terraform-provider-bursar: "+err.Error())
	}
}
