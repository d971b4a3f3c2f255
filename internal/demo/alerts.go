package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// hear waits for the next alert, insists on what it is about and on its signature, and shows it.
func (d *demo) hear(ctx context.Context, event, team string) error {
	waiting, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	deliveries, err := d.receiver.Wait(waiting, d.told+1)
	if err != nil {
		return fmt.Errorf("wait for the alert %s: %w", event, err)
	}
	delivery := deliveries[d.told]
	d.told++
	if delivery.SignatureErr != nil {
		return fmt.Errorf("the signature of the alert is wrong: %w", delivery.SignatureErr)
	}
	var message struct {
		Type      string         `json:"type"`
		Timestamp time.Time      `json:"timestamp"`
		Data      api.AlertEvent `json:"data"`
	}
	if err := json.Unmarshal(delivery.Body, &message); err != nil {
		return fmt.Errorf("read the alert: %w", err)
	}
	if message.Type != event || message.Data.TeamID != team {
		return fmt.Errorf("the alert is %s about %q instead of %s about %q:\n%s", message.Type, message.Data.TeamID, event, team, delivery.Body)
	}
	d.out.show(fmt.Sprintf("webhook-id: %s\nwebhook-signature: verified\n\n%s", delivery.ID, indented(delivery.Body)))
	return nil
}

// read waits for the same alert in Slack and in the mailbox, and shows both as people see them.
func (d *demo) read(ctx context.Context, nth int) error {
	waiting, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	letters, err := d.slack.Wait(waiting, nth)
	if err != nil {
		return fmt.Errorf("wait for the message in Slack: %w", err)
	}
	letter := letters[nth-1]
	if letter.Refusal != "" {
		return fmt.Errorf("slack refused the message: %s", letter.Refusal)
	}
	mails, err := d.mail.Wait(waiting, nth)
	if err != nil {
		return fmt.Errorf("wait for the e-mail: %w", err)
	}
	d.out.say("In Slack:")
	d.out.show(testenv.SlackText(letter.Body))
	d.out.say("By e-mail:")
	d.out.show(fmt.Sprintf("To: %s\nSubject: %s\n\n%s", mails[nth-1].To[0], mails[nth-1].Subject, mails[nth-1].Text))
	return nil
}

// heardOnce insists that no alert arrived twice. The receiver took each at once, so nothing was to be repeated.
func (d *demo) heardOnce() error {
	seen := map[string]bool{}
	for _, delivery := range d.receiver.Deliveries() {
		if seen[delivery.ID] {
			return fmt.Errorf("the alert %s arrived more than once", delivery.ID)
		}
		seen[delivery.ID] = true
	}
	return nil
}

// indented is the JSON spread over lines, or the text itself when it is no JSON.
func indented(data []byte) string {
	var text bytes.Buffer
	if json.Indent(&text, data, "", "  ") != nil {
		return string(data)
	}
	return text.String()
}
