package provider

import (
	"github.com/bursarhq/terraform-provider-bursar/internal/client"
)

// planJudge asks the gateway what planned changes would do.
type planJudge struct {
	client *client.Client
}

func newPlanJudge(gateway *client.Client) *planJudge { return &planJudge{client: gateway} }
