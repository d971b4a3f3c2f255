package upstream

// Completions is the wire of /v1/completions.
var Completions Wire = completionsWire{}

type completionsWire struct{}

func (completionsWire) Rewrite(body []byte, d Deployment, outputCap int64, stream bool) ([]byte, error) {
	body, err := setModel(body, d)
	if err != nil {
		return nil, err
	}
	if body, err = setCaps(body, outputCap, "max_tokens"); err != nil {
		return nil, err
	}
	return askForUsage(body, stream)
}

func (completionsWire) Usage(answer []byte) (Usage, bool) { return ParseUsage(answer) }

func (completionsWire) Text(answer []byte) string { return choicesText(answer, "") }

func (completionsWire) Meter() Meter { return &choicesMeter{} }
