package admin

var quotaDocs = documentation{
	"POST /quota/check": {
		Tag: "quota", Summary: "Say what changes would do to whom, and change nothing.", Body: quotaQuestion{}, Answer: quotaAnswer{},
		Description: "Takes one `route` with its `body`, or a list of them in `changes`, as they would be sent to that route. " +
			"The changes of a list follow each other, up to the first that would be refused; with `separately` each is checked as if " +
			"it were the only one, and `checks` has an answer for each. " +
			"For each team: the terms before and after, what is used now, the busiest minute of the last day, whether requests " +
			"would be refused or throttled, which shared budgets are charged, and which keys would get less than their own limits say. " +
			"For each changed key: what it has spent by terms of its own. And the names of models that nothing serves.",
	},
}
