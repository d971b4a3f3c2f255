package config

import (
	"net/mail"
	"slices"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// SMTP is the mail server for alert routes without one of their own.
type SMTP struct {
	Host     string
	Port     int
	TLS      string
	Username string
	Password string
	// From is the sender's address.
	From string
}

// fileAlerts is alerts of the file.
type fileAlerts struct {
	AllowPrivateTargets bool      `yaml:"allow_private_targets"`
	ToOwners            bool      `yaml:"to_owners"`
	SMTP                *fileSMTP `yaml:"smtp"`
	// Forecast tells that a cap will fall; true unless given.
	Forecast         *bool       `yaml:"forecast"`
	Anomaly          fileAnomaly `yaml:"anomaly"`
	SustainedMinutes *int        `yaml:"sustained_minutes"`
}

type fileSMTP struct {
	Host     string `yaml:"host"`
	Port     int    `yaml:"port"`
	TLS      string `yaml:"tls"`
	Username string `yaml:"username"`
	Password string `yaml:"password"`
	From     string `yaml:"from"`
}

func (c *checker) alerts(f fileAlerts) {
	c.config.AllowPrivateTargets, c.config.AlertsToOwners = f.AllowPrivateTargets, f.ToOwners
	if f.SMTP == nil {
		if f.ToOwners {
			c.fail("alerts.smtp", "is required with alerts.to_owners: the mail server that owners are written through")
		}
		return
	}
	server := SMTP(*f.SMTP)
	c.config.SMTP = &server
	if server.Host == "" {
		c.fail("alerts.smtp.host", "is required: the name of the mail server")
	}
	if server.Port < 0 || server.Port > 65535 {
		c.fail("alerts.smtp.port", "is %d; a port is 1 to 65535", server.Port)
	}
	if !slices.Contains([]string{"", api.SMTPStartTLS, api.SMTPTLS, api.SMTPPlain}, server.TLS) {
		c.fail("alerts.smtp.tls", "is %q; it must be starttls, tls or none", server.TLS)
	}
	if (server.Username == "") != (server.Password == "") {
		c.fail("alerts.smtp.username", "and alerts.smtp.password go together")
	}
	if server.Password != "" && server.TLS == api.SMTPPlain {
		c.fail("alerts.smtp.tls", "is none; a password is never sent in the clear. Use starttls or tls")
	}
	if _, err := mail.ParseAddress(server.From); err != nil {
		c.fail("alerts.smtp.from", "is required: the sender's address, such as bursar@example.com")
	}
}
