package pricing

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// List is everything that a price list says of one model, as people state it.
type List struct {
	// Terms are the standard service's.
	Terms
	// Tiers reprice the whole request by the size of its prompt, in any order.
	Tiers []TierTerms
	// Flex, Priority and Batch are nil where the list does not have them. What such a service
	// leaves out costs what the list states for the standard one, and in a dearer service no less
	// than its nearest relative there; a dearer tier of the standard service holds too, unless
	// the service has tiers of its own.
	Flex     *PlanTerms
	Priority *PlanTerms
	Batch    *PlanTerms
	// Request is US dollars per request, Characters per million characters, AudioHour per hour
	// of sound; nil is not charged for.
	Request    *money.Nano
	Characters *money.Nano
	AudioHour  *money.Nano
	Images     []ImagePrice
	Search     SearchPrice
}

// PlanTerms are the terms of one service tier.
type PlanTerms struct {
	Terms
	Tiers []TierTerms
}

// Price turns the list into a price that [Price.Version] names by its content. A list that
// states no price at all is an error: unknown is not free. The error names what is wrong.
func (l List) Price() (Price, error) {
	price, err := l.price()
	if err != nil {
		return Price{}, err
	}
	text, err := json.Marshal(price)
	if err != nil {
		return Price{}, fmt.Errorf("name the price: %w", err)
	}
	sum := sha256.Sum256(text)
	price.Version = "config:" + hex.EncodeToString(sum[:4])
	return price, nil
}

// price is the price without a version.
func (l List) price() (Price, error) {
	if l.byThePiece() && l.Input == nil && l.Output == nil {
		l.Input, l.Output = new(money.Nano), new(money.Nano)
	}
	price := Price{
		Request: either(l.Request, 0), Characters: either(l.Characters, 0), AudioHour: either(l.AudioHour, 0),
		Images: slices.Clone(l.Images), Search: l.Search,
	}
	var err error
	if price.Plan, err = (PlanTerms{l.Terms, l.Tiers}).plan(); err != nil {
		return Price{}, err
	}
	for _, service := range []struct {
		name  string
		terms *PlanTerms
		plan  **Plan
	}{
		{ServiceFlex, l.Flex, &price.Flex},
		{ServicePriority, l.Priority, &price.Priority},
		{ServiceBatch, l.Batch, &price.Batch},
	} {
		if service.terms == nil {
			continue
		}
		if *service.plan, err = service.terms.service(l); err != nil {
			return Price{}, fmt.Errorf("%s: %w", service.name, err)
		}
	}
	return price, price.checkPieces()
}

// byThePiece: something other than tokens is charged for.
func (l List) byThePiece() bool {
	return l.Request != nil || l.Characters != nil || l.AudioHour != nil || len(l.Images) > 0
}

func (t PlanTerms) plan() (Plan, error) {
	rates, err := t.rates()
	if err != nil {
		return Plan{}, err
	}
	plan := Plan{Rates: rates}
	for _, tier := range t.Tiers {
		if tier.Above < 1 {
			return Plan{}, fmt.Errorf("a tier starts above %d tokens; it must be above 1 at least", tier.Above)
		}
		rates, err := tier.rates()
		if err != nil {
			return Plan{}, fmt.Errorf("above %d tokens: %w", tier.Above, err)
		}
		plan.Tiers = append(plan.Tiers, Tier{tier.Above, rates})
	}
	slices.SortFunc(plan.Tiers, func(a, b Tier) int { return cmp.Compare(a.Above, b.Above) })
	for i := 1; i < len(plan.Tiers); i++ {
		if plan.Tiers[i].Above == plan.Tiers[i-1].Above {
			return Plan{}, fmt.Errorf("two tiers start above %d tokens", plan.Tiers[i].Above)
		}
	}
	return plan, nil
}

// service is the plan of a service tier other than the standard one.
func (t PlanTerms) service(l List) (*Plan, error) {
	if t.Input == nil || t.Output == nil {
		return nil, errors.New("needs an input and an output price")
	}
	own, err := t.plan()
	if err != nil {
		return nil, err
	}
	plan, err := t.inheriting(l).plan()
	if err != nil {
		return nil, err
	}
	if *t.Input > *l.Input { // dearer than the standard service in what it says, so also in what it does not
		plan.Rates = plan.dearer(own.Rates)
		for i := range plan.Tiers {
			plan.Tiers[i].Rates = plan.Tiers[i].dearer(own.Tiers[i].Rates)
		}
	}
	if len(t.Tiers) > 0 {
		return &plan, nil
	}
	standard, err := (PlanTerms{l.Terms, l.Tiers}).plan()
	for _, tier := range standard.Tiers {
		plan.Tiers = append(plan.Tiers, Tier{tier.Above, tier.dearer(plan.Rates)})
	}
	return &plan, err
}

// inheriting are the terms with what they leave out taken from the standard service.
func (t PlanTerms) inheriting(l List) PlanTerms {
	t.Terms, t.Tiers = t.over(l.apart()), slices.Clone(t.Tiers)
	for i := range t.Tiers {
		for _, standard := range l.Tiers {
			if standard.Above == t.Tiers[i].Above {
				t.Tiers[i].Terms = t.Tiers[i].over(standard.apart())
			}
		}
	}
	return t
}

func (p *Price) checkPieces() error {
	type piece struct {
		name string
		each money.Nano
	}
	pieces := []piece{
		{"request", p.Request},
		{"million characters", p.Characters},
		{"hour of sound", p.AudioHour},
		{"web search with a low context", p.Search.Low},
		{"web search with a medium context", p.Search.Medium},
		{"web search with a high context", p.Search.High},
	}
	for _, image := range p.Images {
		pieces = append(pieces, piece{"picture", image.Each})
	}
	for _, piece := range pieces {
		if err := checkAmount(piece.each); err != nil {
			return fmt.Errorf("the price of %s US dollars per %s %w", piece.each, piece.name, err)
		}
	}
	return nil
}
