package upstream

// Opaque is the wire of routes that the gateway does not understand: nothing is changed and nothing read.
var Opaque Wire = opaqueWire{}

type opaqueWire struct{}

func (opaqueWire) Rewrite(body []byte, _ Deployment, _ int64, _ bool) ([]byte, error) {
	return body, nil
}

func (opaqueWire) Usage([]byte) (Usage, bool) { return Usage{}, false }

func (opaqueWire) Text([]byte) string { return "" }

func (opaqueWire) Meter() Meter { return &choicesMeter{} }
