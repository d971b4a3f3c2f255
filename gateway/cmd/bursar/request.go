package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/client"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// requestCommand asks for more of a limit, and answers who asks.
type requestCommand struct {
	New     requestNewCommand  `cmd:"" help:"Ask for more of a limit until a moment."`
	List    requestListCommand `cmd:"" help:"List the newest requests."`
	Approve approveCommand     `cmd:"" help:"Approve a request."`
	Decline declineCommand     `cmd:"" help:"Decline a request."`
	Cancel  cancelCommand      `cmd:"" help:"Take a request back."`
}

// gatewayFlags name a gateway and the key to it.
type gatewayFlags struct {
	Endpoint string `help:"Address of the gateway." env:"BURSAR_ENDPOINT" required:"" placeholder:"URL"`
	Key      string `help:"A key: an admin key, or to ask for a team one of the team's." env:"BURSAR_ADMIN_KEY" placeholder:"KEY"`
	jobToken
}

func (f gatewayFlags) open(reason string) (*client.Client, error) {
	gateway, err := f.jobToken.open(client.Options{Endpoint: f.Endpoint, AdminKey: f.Key, UserAgent: "bursar-request/" + version, Reason: reason})
	if errors.Is(err, errNobody) {
		return nil, errors.New("give --key or set BURSAR_ADMIN_KEY; a pipeline may come without a stored key by --oidc-audience or BURSAR_OIDC_AUDIENCE")
	}
	return gateway, err
}

// requestNewCommand asks.
type requestNewCommand struct {
	gatewayFlags
	Team   string `help:"The team that asks." required:"" placeholder:"ID"`
	OfKey  string `help:"The key whose limit it is, by its id, when it is not the team's." xor:"of" placeholder:"ID"`
	OfUser string `help:"The member whose limit it is." xor:"of" placeholder:"ID"`
	OfPot  string `help:"The pot whose cap it is." xor:"of" placeholder:"ID"`
	USD    string `help:"How many dollars more of the budget." xor:"more" placeholder:"AMOUNT"`
	RPM    int64  `help:"How many requests per minute more." xor:"more" placeholder:"N"`
	TPM    int64  `help:"How many tokens per minute more." xor:"more" placeholder:"N"`
	For    length `help:"For how long, such as 72h or 3d." default:"24h"`
	Why    string `help:"Why." required:"" placeholder:"TEXT"`
}

// length is for how long something is.
type length time.Duration

// UnmarshalText implements [encoding.TextUnmarshaler].
func (l *length) UnmarshalText(text []byte) error {
	given := string(text)
	if number, inDays := strings.CutSuffix(given, "d"); inDays {
		if days, err := strconv.ParseUint(number, 10, 16); err == nil {
			*l = length(time.Duration(days) * 24 * time.Hour)
			return nil
		}
	}
	d, err := time.ParseDuration(given)
	if err != nil {
		return fmt.Errorf("%q is no length of time; write one such as 90m, 72h or 3d", given)
	}
	*l = length(d)
	return nil
}

// Run asks and says what became of it.
func (c requestNewCommand) Run(ctx context.Context, out io.Writer) error {
	fields := api.QuotaRequestFields{
		TeamID: c.Team, KeyID: given(c.OfKey), UserID: given(c.OfUser), BudgetID: given(c.OfPot),
		Until: time.Now().Add(time.Duration(c.For)).UTC().Truncate(time.Second), Reason: c.Why,
	}
	switch {
	case c.USD != "":
		amount, err := money.Parse(c.USD)
		if err != nil {
			return fmt.Errorf("--usd: %w", err)
		}
		fields.Limit, fields.USD = api.LimitBudget, &amount
	case c.RPM > 0:
		fields.Limit, fields.By = api.LimitRPM, &c.RPM
	case c.TPM > 0:
		fields.Limit, fields.By = api.LimitTPM, &c.TPM
	default:
		return errors.New("give --usd, --rpm or --tpm: how much more")
	}
	gateway, err := c.open("")
	if err != nil {
		return err
	}
	made, err := gateway.AskQuota(ctx, fields)
	if err != nil {
		return err
	}
	return printRequest(out, made)
}

func given(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// requestListCommand lists.
type requestListCommand struct {
	gatewayFlags
	Team  string `help:"Requests of this team only." placeholder:"ID"`
	State string `help:"Requests in this state only." enum:",pending,waiting,done,declined,cancelled" default:""`
}

// Run prints a table.
func (c requestListCommand) Run(ctx context.Context, out io.Writer) error {
	gateway, err := c.open("")
	if err != nil {
		return err
	}
	requests, err := gateway.QuotaRequests(ctx, c.Team, c.State)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "ID\tSTATE\tTEAM\tLIMIT\tMORE\tUNTIL\tWHY")
	for _, r := range requests {
		noun, id := r.Of()
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s of %s %s\t%s\t%s\t%q\n", r.QuotaRequestID, r.State, r.TeamID, r.Limit, noun, id, r.More(), r.Until.Format(time.RFC3339), r.Reason)
	}
	return table.Flush()
}

// requestFlags name a request.
type requestFlags struct {
	gatewayFlags
	ID string `arg:"" help:"The request's id."`
}

func (f requestFlags) answer(ctx context.Context, out io.Writer, verb, answer, reason string, atOnce bool) error {
	gateway, err := f.open(reason)
	if err != nil {
		return err
	}
	request, err := gateway.AnswerQuota(ctx, verb, f.ID, answer, atOnce)
	if err != nil {
		return err
	}
	return printRequest(out, request)
}

type approveCommand struct {
	requestFlags
	Answer string `help:"A word to who asked." placeholder:"TEXT"`
	AtOnce bool   `help:"Raise a limit that Terraform manages without waiting for its configuration; say why with --reason."`
	Reason string `help:"Why, for the audit log." placeholder:"TEXT"`
}

// Run approves.
func (c approveCommand) Run(ctx context.Context, out io.Writer) error {
	return c.answer(ctx, out, "approve", c.Answer, c.Reason, c.AtOnce)
}

type declineCommand struct {
	requestFlags
	Answer string `help:"A word to who asked." placeholder:"TEXT"`
}

// Run declines.
func (c declineCommand) Run(ctx context.Context, out io.Writer) error {
	return c.answer(ctx, out, "decline", c.Answer, "", false)
}

type cancelCommand struct{ requestFlags }

// Run cancels.
func (c cancelCommand) Run(ctx context.Context, out io.Writer) error {
	return c.answer(ctx, out, "cancel", "", "", false)
}

// printRequest says how a request stands, with the lines that a configuration needs.
func printRequest(out io.Writer, r api.QuotaRequest) error {
	text := fmt.Sprintf("%s is %s\n", r.QuotaRequestID, r.State)
	if r.State == api.RequestWaiting {
		noun, id := r.Of()
		text += fmt.Sprintf("\nIt waits until these lines of %s %s are applied:\n\n%s", noun, id, r.HCL)
	}
	_, err := io.WriteString(out, text)
	return err //nolint:wrapcheck // standard output is where the reader is
}
