package config

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"os"
	"strings"
	"time"
)

// PriceFeed is a price list that is fetched over HTTPS.
type PriceFeed struct {
	URL     string
	Refresh time.Duration
	// SHA256 is the list's digest in hexadecimal, PublicKey who signs it; both may be empty.
	SHA256    string
	PublicKey ed25519.PublicKey
	// RootCAs vouch for the server; nil is the system's.
	RootCAs *x509.CertPool
}

const (
	defaultPriceRefresh = 24 * time.Hour
	leastPriceRefresh   = time.Minute
)

// prices reads where the price list is.
func (c *checker) prices(f file) {
	c.config.PriceFile = f.Prices.File
	switch f.Prices.Mode {
	case "", "over":
	case "instead":
		c.config.PriceFileInstead = true
	default:
		c.fail("prices.mode", "is %q; it must be over or instead: over the built-in catalogue, or instead of it", f.Prices.Mode)
	}
	if f.Prices.Mode != "" && f.Prices.File == "" {
		c.fail("prices.file", "is required with prices.mode: a price list in LiteLLM's format")
	}
	c.priceFeed(f)
}

func (c *checker) priceFeed(f file) {
	listed := f.Prices
	if listed.URL == "" {
		for field, value := range map[string]string{"refresh": listed.Refresh, "sha256": listed.SHA256, "signature": listed.Signature, "ca_file": listed.CAFile} {
			if value != "" {
				c.fail("prices."+field, "is for prices.url only, which is not set")
			}
		}
		return
	}
	if c.config.PriceFileInstead {
		c.fail("prices.url", "has no effect while prices.mode is instead: only prices.file counts")
	}
	address, err := url.Parse(listed.URL)
	switch {
	case err != nil || address.Host == "" || address.Scheme != "https":
		c.fail("prices.url", "is not an https address such as https://prices.example.com/models.json")
	case address.User != nil:
		c.fail("prices.url", "must not carry a user or password")
	}
	c.config.PriceFeed = &PriceFeed{URL: listed.URL, Refresh: defaultPriceRefresh}
	if listed.Refresh != "" {
		refresh, err := time.ParseDuration(listed.Refresh)
		if err != nil || refresh < leastPriceRefresh {
			c.fail("prices.refresh", "%q is not a duration of a minute or more such as 12h", listed.Refresh)
		}
		c.config.PriceFeed.Refresh = refresh
	}
	c.priceProof(listed.SHA256, listed.Signature)
	c.priceCAs(listed.CAFile)
}

// priceProof reads what a list must have to be believed.
func (c *checker) priceProof(digest, signature string) {
	digest = strings.ToLower(strings.TrimPrefix(digest, "sha256:"))
	if sum, err := hex.DecodeString(digest); digest != "" && (err != nil || len(sum) != 32) {
		c.fail("prices.sha256", "is not a SHA-256 in hexadecimal: 64 characters, as sha256sum prints them")
	}
	c.config.PriceFeed.SHA256 = digest
	if signature == "" {
		return
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(signature, "ed25519:"))
	if err != nil || len(key) != ed25519.PublicKeySize {
		c.fail("prices.signature", "is not a public key: ed25519: and 32 bytes in base64; the list's signature is read from its address with .sig behind it")
		return
	}
	c.config.PriceFeed.PublicKey = key
}

func (c *checker) priceCAs(file string) {
	if file == "" {
		return
	}
	data, err := os.ReadFile(file)
	pool := x509.NewCertPool()
	if err != nil || !pool.AppendCertsFromPEM(data) {
		c.fail("prices.ca_file", "%q cannot be read, or holds no certificate in PEM", file)
		return
	}
	c.config.PriceFeed.RootCAs = pool
}
