package proxy

import (
	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

const (
	maxImages = 10
	// tokensPerPicture is more than any picture has that is charged by tokens: 6,240 at the highest
	// quality and size, and a hundred for each of three drafts.
	tokensPerPicture = 8192
)

// parseImages reads a request for pictures.
func parseImages(c *call, object httpx.Object) error {
	var count *int64
	var prompt string
	err := parseFields(object,
		field{"prompt", &prompt, isString},
		field{"n", &count, isWhole},
		field{"size", &c.most.ImageSize, isString},
		field{"quality", &c.most.ImageQuality, isString},
		field{"stream", &c.stream, isBool},
	)
	switch {
	case err != nil:
		return err
	case prompt == "":
		return api.FieldErrorf("prompt", "is required: what the picture shows")
	case count != nil && (*count < 1 || *count > maxImages):
		return api.FieldErrorf("n", "must be between 1 and %d. Received: %d", maxImages, *count)
	}
	c.most.Images = 1
	if count != nil {
		c.most.Images = *count
	}
	if c.stream && c.most.Images > 1 {
		return api.FieldErrorf("n", "must be 1 for a stream")
	}
	c.made.Images, c.made.ImageSize, c.made.ImageQuality = c.most.Images, c.most.ImageSize, c.most.ImageQuality
	c.unbounded = c.most.Images * tokensPerPicture
	return nil
}
