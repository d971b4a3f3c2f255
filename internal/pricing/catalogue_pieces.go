package pricing

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// isPiece tells prices of pieces from prices of tokens.
func isPiece(word string) bool {
	key, _, _ := strings.Cut(word, "=")
	key, _, _ = strings.Cut(key, ":")
	return slices.Contains([]string{"request", "chars", "hour", "image", "search"}, key)
}

// split sorts words into those that are and those that are not.
func split(words []string, is func(string) bool) (those, others []string) {
	for _, word := range words {
		if is(word) {
			those = append(those, word)
		} else {
			others = append(others, word)
		}
	}
	return those, others
}

func (l *List) parsePieces(words []string) error {
	var search, low, medium, high *money.Nano
	fields := map[string]**money.Nano{
		"request": &l.Request, "chars": &l.Characters, "hour": &l.AudioHour,
		"search": &search, "search:low": &low, "search:medium": &medium, "search:high": &high,
	}
	for _, word := range words {
		key, value, _ := strings.Cut(word, "=")
		field, known := fields[key]
		switch {
		case known:
			if err := parsePrice(key, value, field); err != nil {
				return err
			}
		case key == "image" || strings.HasPrefix(key, "image:"):
			if err := l.parseImage(key, value); err != nil {
				return err
			}
		default:
			return fmt.Errorf("%q is no price", word)
		}
	}
	all := either(search, 0)
	l.Search = SearchPrice{Low: either(low, all), Medium: either(medium, all), High: either(high, all)}
	return nil
}

// parseImage reads image, image:SIZE, image:SIZE:QUALITY or image::QUALITY.
func (l *List) parseImage(key, value string) error {
	_, about, _ := strings.Cut(key, ":")
	size, quality, _ := strings.Cut(about, ":")
	for _, listed := range l.Images {
		if listed.Size == size && listed.Quality == quality {
			return fmt.Errorf("%q is given twice", key)
		}
	}
	var each *money.Nano
	if err := parsePrice(key, value, &each); err != nil {
		return err
	}
	l.Images = append(l.Images, ImagePrice{Size: size, Quality: quality, Each: *each})
	return nil
}
