package quota

import "context"

// Shared is an engine whose counters can be out of reach, for a caller that decides without them meanwhile.
// What was decided without them they are told before they decide again in the same slot.
type Shared interface {
	Engine

	// Ask is Reserve for a caller that may decide by itself after [ErrUnavailable]: what may have been made without
	// anybody hearing of it stays until TakeBack.
	Ask(ctx context.Context, request Request) (Answer, error)
	// TakeBack ends a reservation that may have been made without anybody hearing of it.
	TakeBack(request Request)
	// End is Settle, and says more.
	End(ctx context.Context, settlement Settlement) (Ending, error)
	// Reservation returns one that was made through this engine or adopted by it and has not ended, nil when there is none.
	Reservation(id string) *Reservation

	// Adopt keeps a reservation that was made without the counters. They are told of it and of how it ends.
	Adopt(request Request, decision Decision)
	// Owes says whether the counters have to be told something in the slot before they decide there.
	Owes(slot string) bool
	// Pay tells them.
	Pay(ctx context.Context, slot string) error

	// Gateways is how many gateways share the counters as far as this one knows, itself included.
	Gateways() int
}

// Answer is what an engine answers to Ask.
type Answer struct {
	Decision Decision
	// Order places the decision among those of its slot: a later one has a larger number.
	Order int64
	// Unheard: something may be held for the request although the answer is an error or a refusal.
	Unheard bool
}

// Ending is what an engine answers to End.
type Ending struct {
	Settled Settled
	// Order places Settled's states among the decisions of the slot.
	Order int64
	// Unheard: the counters have not answered, and this was the first try to end the reservation.
	Unheard bool
}

// Reservation is one that was admitted and has not ended.
type Reservation struct {
	Request  Request
	Decision Decision
	// Order is the decision's, 0 of one that was adopted.
	Order int64
	// Adopted: it was made without the counters.
	Adopted bool
}
