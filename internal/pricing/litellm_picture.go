package pricing

import (
	"regexp"
	"strconv"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// liteLLMPicture is a key such as "hd/1024-x-1792/dall-e-3": quality, size and model.
var liteLLMPicture = regexp.MustCompile(`^(?:([a-z]+)/)?(\d{1,5})-x-(\d{1,5})/(.+)$`)

// pictureKey takes a key apart that prices one size and quality of a model's pictures.
func pictureKey(name string) (picture ImagePrice, pixels int64, model string, ok bool) {
	parts := liteLLMPicture.FindStringSubmatch(name)
	if parts == nil {
		return ImagePrice{}, 0, "", false
	}
	width, _ := strconv.ParseInt(parts[2], 10, 64) // up to five digits
	height, _ := strconv.ParseInt(parts[3], 10, 64)
	return ImagePrice{Size: parts[2] + "x" + parts[3], Quality: parts[1]}, width * height, parts[4], true
}

// picture fills in the price, which stands per picture or per pixel.
func (e entry) picture(of ImagePrice, pixels int64) (_ ImagePrice, stated bool, err error) {
	var each *money.Nano
	for _, field := range []pieceField{
		{"output_cost_per_image", 1, nil}, {"input_cost_per_image", 1, nil}, {"input_cost_per_pixel", pixels, nil},
	} {
		price, err := e.price(field.name, field.times)
		if err != nil {
			return of, false, err
		}
		if each == nil {
			each = price
		}
	}
	of.Each = either(each, 0)
	return of, each != nil, nil
}
