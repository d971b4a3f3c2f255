package upstream

// Plain is the wire of routes whose answers hold no text of a model and do not stream:
// embeddings and moderations.
var Plain Wire = plainWire{}

type plainWire struct{}

func (plainWire) Rewrite(body []byte, d Deployment, _ int64, _ bool) ([]byte, error) {
	return setModel(body, d)
}

func (plainWire) Usage(answer []byte) (Usage, bool) { return ParseUsage(answer) }

func (plainWire) Text([]byte) string { return "" }

func (plainWire) Meter() Meter { return &choicesMeter{} }
