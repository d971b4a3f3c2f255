package app

// Operations are those that the description has.
var Operations = operations

// Patterns are the routes that the gateway serves, with "/" for the admin API.
func (a *App) Patterns() []string { return a.routes().Patterns() }
