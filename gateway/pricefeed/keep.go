package pricefeed

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/pricing"
)

// kept is the last good list as it is kept for the next start: what was believed of it, and who vouched for it.
type kept struct {
	URL     string          `json:"url"`
	Pin     string          `json:"pin"`
	Fetched time.Time       `json:"fetched"`
	Version string          `json:"version"`
	Models  []pricing.Model `json:"models"`
}

// pin is what a list is verified by.
func (o Options) pin() string { return o.SHA256 + "/" + base64.StdEncoding.EncodeToString(o.PublicKey) }

// readKept is nil when there is none, or one of another address or that something else vouched for.
func readKept(options Options) (*kept, error) {
	if options.Path == "" {
		return nil, nil
	}
	data, err := os.ReadFile(options.Path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var list kept
	if err := json.Unmarshal(data, &list); err != nil {
		return nil, fmt.Errorf("read %s: %w", options.Path, err)
	}
	if list.URL != options.URL || list.Pin != options.pin() {
		return nil, nil
	}
	return &list, nil
}

// keep replaces the file whole.
func keep(options Options, list *pricing.Catalogue, fetched time.Time) error {
	if options.Path == "" {
		return nil
	}
	data, err := json.Marshal(kept{options.URL, options.pin(), fetched, list.Version(), list.Models()})
	if err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(options.Path), ".prices-*")
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	err = errors.Join(err, file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), options.Path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return nil
}

// withoutURL takes the address out of an error, which may hold a token.
func withoutURL(err error) error {
	if failed, ok := errors.AsType[*url.Error](err); ok {
		return failed.Err
	}
	return err
}
