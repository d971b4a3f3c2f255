package asked

import (
	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

const (
	// MaxImages is how many pictures one call may ask for.
	MaxImages = 10
	// tokensPerPicture is more than any picture has that is charged by tokens: 6,240 at the highest
	// quality and size, and a hundred for each of three drafts.
	tokensPerPicture = 8192
)

// Images reads a request for pictures.
func Images(c *Call, object httpx.Object) error {
	var count *int64
	var prompt string
	err := parseFields(object,
		field{"prompt", &prompt, isString},
		field{"n", &count, isWhole},
		field{"size", &c.Most.ImageSize, isString},
		field{"quality", &c.Most.ImageQuality, isString},
		field{"stream", &c.Stream, isBool},
	)
	switch {
	case err != nil:
		return err
	case prompt == "":
		return api.FieldErrorf("prompt", "is required: what the picture shows")
	case count != nil && (*count < 1 || *count > MaxImages):
		return api.FieldErrorf("n", "must be between 1 and %d. Received: %d", MaxImages, *count)
	}
	c.Most.Images = 1
	if count != nil {
		c.Most.Images = *count
	}
	if c.Stream && c.Most.Images > 1 {
		return api.FieldErrorf("n", "must be 1 for a stream")
	}
	c.Made.Images, c.Made.ImageSize, c.Made.ImageQuality = c.Most.Images, c.Most.ImageSize, c.Most.ImageQuality
	c.Unbounded = c.Most.Images * tokensPerPicture
	return nil
}
