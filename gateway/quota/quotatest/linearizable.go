package quotatest

import (
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// Linearizable is promise T11. Clients on several replicas reserve and settle at the same time; there must be
// one order of all calls that explains every answer. clients are engines on the counters of h.
func Linearizable(t *testing.T, h Harness, clients []Engine) {
	const histories, callsPerClient = 60, 16
	calls := 0
	for history := range histories {
		run := &callHistory{h: h, t: t, budget: h.teamBudget(1000)}
		run.budget.Scope = quota.Scope(NewID())
		run.budget.Thresholds = nil
		var group sync.WaitGroup
		for client, engine := range clients {
			group.Go(func() {
				random := rand.New(rand.NewPCG(uint64(history), uint64(client)))
				var live []string
				for range callsPerClient {
					live = run.call(engine, client, random, live)
				}
			})
		}
		group.Wait()
		h.drain(t)
		calls += len(run.operations)
		if result := porcupine.CheckOperationsTimeout(budgetModel, run.operations, 10*time.Second); result != porcupine.Ok {
			t.Fatalf("history %d of %d calls: %s", history, len(run.operations), result)
		}
	}
	t.Logf("%d histories, %d calls, all linearizable", histories, calls)
}

type callHistory struct {
	t          *testing.T
	h          Harness
	budget     quota.Budget
	mu         sync.Mutex
	operations []porcupine.Operation
}

// budgetCall is what a client asks, budgetAnswer what it is told.
type budgetCall struct {
	settle   bool
	id       string
	cost     money.Nano
	reserved money.Nano
}

type budgetAnswer struct {
	admitted bool
	settled  money.Nano
	reserved money.Nano
}

func (r *callHistory) call(engine Engine, client int, random *rand.Rand, live []string) []string {
	if len(live) > 0 && random.IntN(2) == 0 {
		id := live[0]
		input := budgetCall{settle: true, id: id, cost: money.Nano(random.IntN(101)), reserved: 100}
		r.operate(client, input, func() (budgetAnswer, error) {
			settled, err := engine.Settle(r.t.Context(), quota.Settlement{ID: id, Slot: slot, Cost: input.cost})
			if err != nil {
				return budgetAnswer{}, err
			}
			return budgetAnswer{true, settled.Budgets[0].Settled, settled.Budgets[0].Reserved}, nil
		})
		return live[1:]
	}
	request := quota.Request{ID: NewID(), Slot: slot, InputCost: 100, Budgets: []quota.Budget{r.budget}}
	answer := r.operate(client, budgetCall{id: request.ID, reserved: 100}, func() (budgetAnswer, error) {
		decision, err := engine.Reserve(r.t.Context(), request)
		if err != nil {
			return budgetAnswer{}, err
		}
		return budgetAnswer{decision.Admitted, decision.Budgets[0].Settled, decision.Budgets[0].Reserved}, nil
	})
	if answer.admitted {
		live = append(live, request.ID)
	}
	return live
}

// operate makes a call and notes when it started and ended.
func (r *callHistory) operate(client int, input budgetCall, call func() (budgetAnswer, error)) budgetAnswer {
	start := time.Now()
	answer, err := call()
	end := time.Now()
	if err != nil {
		r.t.Errorf("call %+v: %v", input, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.operations = append(r.operations, porcupine.Operation{
		ClientId: client, Input: input, Output: answer, Call: start.UnixNano(), Return: end.UnixNano(),
	})
	return answer
}

// budgetModel is a budget of 1000 nano-dollars that one call at a time is made to.
var budgetModel = porcupine.Model{
	Init: func() any { return budgetAnswer{} },
	Step: func(state, input, output any) (bool, any) {
		next, expected := stepBudget(state.(budgetAnswer), input.(budgetCall))
		return output.(budgetAnswer) == expected, next
	},
}

// stepBudget returns the budget after a call, and what the call is told.
func stepBudget(state budgetAnswer, call budgetCall) (next, answer budgetAnswer) {
	next = state
	switch {
	case call.settle:
		next.settled += call.cost
		next.reserved -= call.reserved
	case state.settled+state.reserved+call.reserved <= 1000:
		next.reserved += call.reserved
	default:
		return state, state
	}
	answer = next
	answer.admitted = true
	return next, answer
}
