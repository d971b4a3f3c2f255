package pricing

// Service tiers, in the words that requests ask for and answers tell them with. Others that
// vendors have ("auto", "default", "standard", "scale", "on_demand") cost as the standard one.
const (
	ServiceFlex     = "flex"
	ServicePriority = "priority"
	ServiceBatch    = "batch"
)

// plan is what a service tier costs that served a request. One without a price of its own
// costs as the standard one.
func (p *Price) plan(service string) *Plan {
	if named := p.named(service); named != nil {
		return named
	}
	return &p.Plan
}

func (p *Price) named(service string) *Plan {
	switch service {
	case ServiceFlex:
		return p.Flex
	case ServicePriority:
		return p.Priority
	case ServiceBatch:
		return p.Batch
	default:
		return nil
	}
}

// plansFor are the plans that may serve a request. Vendors fall back to the standard service
// where the one asked for has no room; where none is asked for, or "auto", an account's own
// setting decides, which nobody knows here.
func (p *Price) plansFor(asked string) [4]*Plan {
	switch asked {
	case "default", "standard", "standard_only":
		return [4]*Plan{&p.Plan}
	case ServiceFlex, ServicePriority, ServiceBatch:
		return [4]*Plan{&p.Plan, p.named(asked)}
	default:
		return [4]*Plan{&p.Plan, p.Flex, p.Priority, p.Batch}
	}
}

// Offers says whether a service tier has a known price: the standard one always has.
func (p Price) Offers(service string) bool {
	switch service {
	case ServiceFlex, ServicePriority, ServiceBatch:
		return p.named(service) != nil
	case "", "auto", "default", "standard", "standard_only":
		return true
	default:
		return false
	}
}
