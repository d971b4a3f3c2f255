// Package action is what an apply can do to a gateway besides keeping objects as they are declared.
//
// It promises that an action has happened, and is in force on every gateway, when it ends without an error.
package action

import "github.com/hashicorp/terraform-plugin-framework/action"

// All makes each action.
func All() []func() action.Action {
	return []func() action.Action{
		func() action.Action { return &keyRotate{} },
		func() action.Action { return &budgetReset{} },
		func() action.Action { return &teamBlock{blocks: true} },
		func() action.Action { return &teamBlock{} },
		func() action.Action { return &alertRouteTest{} },
	}
}
