package api

import (
	"errors"
	"regexp"
	"strings"
)

// ClaimPattern is what a claim has to be: a text, in which * stands for any characters but : and /, at least one, and ** for any
// at all. A claim of a platform's token lists what strangers choose names for, one after the other: a star must not reach
// from one into the next unless the pattern says so.
type ClaimPattern struct{ expression *regexp.Regexp }

// claimStars are as a pattern quoted for a regular expression has them, those of two first.
var claimStars = strings.NewReplacer(`\*\*`, `.*`, `\*`, `[^:/]+`)

// ParseClaimPattern reads a pattern. The error says what is wrong with it, and begins with a verb.
func ParseClaimPattern(text string) (ClaimPattern, error) {
	switch {
	case text == "":
		return ClaimPattern{}, errors.New("is empty")
	case strings.HasPrefix(text, "*"):
		return ClaimPattern{}, errors.New("begins with a star: it must begin with what tells yours from those of others, as repo:acme/infra:** does")
	case strings.Contains(text, "***"):
		return ClaimPattern{}, errors.New("has three stars in a row: * stands for one part of the text, ** for any number of parts")
	}
	expression, err := regexp.Compile(`\A(?s:` + claimStars.Replace(regexp.QuoteMeta(text)) + `)\z`)
	return ClaimPattern{expression}, err
}

// Matches says whether a claim is what the pattern says. A claim that is not there is nothing.
func (p ClaimPattern) Matches(claim string) bool {
	return claim != "" && p.expression != nil && p.expression.MatchString(claim)
}
