// Package function is what configurations can work out without a gateway.
//
// It promises the same answer everywhere: nobody is asked over the network, and no secret is repeated in an error.
package function

import "github.com/hashicorp/terraform-plugin-framework/function"

// All makes each function.
func All() []func() function.Function {
	return []func() function.Function{
		func() function.Function { return durationSeconds{} },
		func() function.Function { return keyHash{} },
		func() function.Function { return monthlyCost{} },
	}
}
