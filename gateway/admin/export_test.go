package admin

import "reflect"

// FiltersForTest says whether a route looks at the caller's teams by itself, whatever it is asked for.
func FiltersForTest(pattern string) bool {
	return reflect.ValueOf(scopes[pattern]).Pointer() == reflect.ValueOf(scope(filtered)).Pointer()
}
