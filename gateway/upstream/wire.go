package upstream

// Wire is the format that a route is spoken in: where the model's name, the output cap and the usage stand.
// It reads and changes what the gateway answers for; everything else passes as it is.
type Wire interface {
	// Rewrite changes a request's body for the deployment: the model's name, the cap on the output
	// (0 is none) and, on streams, the request for usage.
	Rewrite(body []byte, d Deployment, outputCap int64, stream bool) ([]byte, error)
	// Usage reads what a whole answer reports, false when that is nothing or makes no sense.
	Usage(answer []byte) (Usage, bool)
	// Text joins what a whole answer says, for counting it.
	Text(answer []byte) string
	// Meter reads one stream.
	Meter() Meter
}

// Meter reads what a stream says about itself while it passes. It serves one stream.
type Meter interface {
	// Read takes the next event and says what is known with it.
	Read(event Event) Reading
}

// Reading is what one event of a stream says.
type Reading struct {
	// Text is what the model has produced with this event.
	Text string
	// Usage is what the provider has reported so far; it is the whole truth once Counted is set,
	// and at least the prompt's when only PromptCounted is.
	Usage         Usage
	Counted       bool
	PromptCounted bool
	// End marks the event that clients take for the end of the answer.
	End bool
	// Failed: the provider says with this event that it cannot go on.
	Failed bool
	// Rounds counts what begins with this event and makes the provider read the prompt again by itself: tools that
	// it runs, a summary of the conversation. Searches are those of them that search the web.
	Rounds, Searches int64
	// Opening: the event says that an answer begins, or that the connection lives, and has nothing of the
	// answer itself. A provider that fails after such events alone has not answered.
	Opening bool
	// OnlyUsage: the event exists because usage was asked for; it says nothing else.
	OnlyUsage bool
}
