package upstream

import "github.com/tidwall/gjson"

// Images is the wire of /v1/images/generations.
var Images Wire = imagesWire{}

type imagesWire struct{ plainWire }

func (imagesWire) Usage(answer []byte) (Usage, bool) { return ParseImagesUsage(answer) }

func (imagesWire) Meter() Meter { return imagesMeter{} }

// imagesMeter reads streams of one picture that gets clearer.
type imagesMeter struct{}

func (imagesMeter) Read(event Event) Reading {
	switch gjson.GetBytes(event.Data, "type").String() {
	case "image_generation.completed":
		usage, counted := ParseImagesUsage(event.Data)
		return Reading{Usage: usage, Counted: counted, End: true}
	case "error":
		return Reading{End: true, Failed: true}
	default:
		return Reading{Opening: event.Data == nil}
	}
}
