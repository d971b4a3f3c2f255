package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// PutTokenReports replaces what a gateway has learned of the kinds of text that are given.
func (s *Store) PutTokenReports(ctx context.Context, learned []api.TokenReports) error {
	return s.transact(ctx, func(ctx context.Context, _ *tx) error {
		for _, l := range learned {
			reports, err := json.Marshal(l.Reports)
			if err != nil {
				return fmt.Errorf("write token reports: %w", err)
			}
			_, err = s.exec(ctx, "token_reports_put", args{
				"deployment": l.Deployment, "model": l.Model, "kind": l.Kind, "gateway": l.Gateway,
				"reports": string(reports), "updated_at_ms": s.nowMS(),
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// TokenReports returns what all gateways have learned, where that has changed since.
func (s *Store) TokenReports(ctx context.Context, since time.Time) ([]api.TokenReports, error) {
	var learned []api.TokenReports
	err := s.each(ctx, "token_reports_since", args{"since_ms": since.UnixMilli()}, func(scan func(...any) error) error {
		var l api.TokenReports
		var reports string
		var updatedAt int64
		if err := scan(&l.Deployment, &l.Model, &l.Kind, &l.Gateway, &reports, &updatedAt); err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(reports), &l.Reports); err != nil {
			return fmt.Errorf("read token reports of %s: %w", l.Deployment, err)
		}
		l.UpdatedAt = time.UnixMilli(updatedAt).UTC()
		learned = append(learned, l)
		return nil
	})
	return learned, err
}

// PurgeTokenReports drops what has not changed since.
func (s *Store) PurgeTokenReports(ctx context.Context, before time.Time) error {
	_, err := s.exec(ctx, "token_reports_purge", args{"before_ms": before.UnixMilli()})
	return err
}
