package config

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"strconv"
)

// TLS is a certificate, followed by those that vouch for it, and its key, in files of PEM. Both or neither are given.
type TLS struct{ Cert, Key string }

// IsOn says whether the gateway speaks TLS.
func (t TLS) IsOn() bool { return t.Cert != "" }

// doors are where the gateway is reached, and the keys that open what is not for everybody.
func (c *checker) doors(f file) {
	c.listen(f)
	c.config.ListenAdmin = f.ListenAdmin
	if f.ListenAdmin != "" {
		c.address("listen_admin", f.ListenAdmin)
		if f.ListenAdmin == c.config.Listen && !anyPort(f.ListenAdmin) {
			c.fail("listen_admin", "is the address of listen; it must be another one, or be left out")
		}
	}
	c.config.TrustedProxies = c.networks("trusted_proxies", f.TrustedProxies)
	c.tls(f)
	c.plainHTTP(f)
	c.adminKey(f.AdminKey)
	c.metricsKey(f.MetricsKey)
}

func (c *checker) listen(f file) {
	c.config.Listen = valueOr(f.Listen, "127.0.0.1:4000")
	if f.Listen == "" && (f.Proxy.Host != "" || f.Proxy.Port != 0) {
		port := f.Proxy.Port
		if port == 0 {
			port = 4000
		}
		c.config.Listen = net.JoinHostPort(valueOr(f.Proxy.Host, "127.0.0.1"), strconv.Itoa(port))
	}
	c.address("listen", c.config.Listen)
}

func (c *checker) address(field, listen string) {
	_, port, err := net.SplitHostPort(listen)
	if number, convErr := strconv.Atoi(port); err != nil || convErr != nil || number < 0 || number > 65535 {
		c.fail(field, "%q is not a host and a port such as 127.0.0.1:4000 or :4000", listen)
	}
}

// anyPort says whether the system picks the port.
func anyPort(listen string) bool {
	_, port, _ := net.SplitHostPort(listen)
	return port == "0"
}

func (c *checker) tls(f file) {
	c.config.TLS = TLS(f.TLS)
	switch {
	case f.TLS.Cert == "" && f.TLS.Key == "":
	case f.TLS.Cert == "":
		c.fail("tls.cert", "is required together with tls.key: the file of the certificate, followed by those that vouch for it, in PEM")
	case f.TLS.Key == "":
		c.fail("tls.key", "is required together with tls.cert: the file of the certificate's key, in PEM")
	default:
		if _, err := tls.LoadX509KeyPair(f.TLS.Cert, f.TLS.Key); err != nil {
			c.fail("tls", "the certificate and its key cannot be used: %v", err)
		}
	}
}

// plainHTTP refuses to let keys cross a network readable, unless the operator says that something else encrypts.
func (c *checker) plainHTTP(f file) {
	c.config.AllowPlainHTTP = f.AllowPlainHTTP
	if c.config.TLS.IsOn() || f.AllowPlainHTTP {
		return
	}
	for field, listen := range map[string]string{"listen": c.config.Listen, "listen_admin": c.config.ListenAdmin} {
		if _, _, err := net.SplitHostPort(listen); err == nil && !Loopback(listen) {
			c.fail(field, "%s is reached from other machines, and keys would cross the network readable; set tls: {cert, key},"+
				" or allow_plain_http: true where something in front of the gateway speaks TLS", listen)
		}
	}
}

const (
	// minAdminKey is what is too long to be guessed. On loopback, where only the machine's own users can
	// try, minLocalAdminKey will do for a first look.
	minAdminKey      = 24
	minLocalAdminKey = 8
)

func (c *checker) adminKey(key string) {
	c.config.AdminKey = key
	local := Loopback(valueOr(c.config.ListenAdmin, c.config.Listen))
	switch {
	case key == "":
		c.fail("admin_key", "is required; set BURSAR_ADMIN_KEY to a long random text, for example the output of: openssl rand -hex 24. Or run bursar init: it writes a configuration with one, and says how to open the console")
	case len(key) < minLocalAdminKey, len(key) < minAdminKey && !local:
		c.fail("admin_key", "is only %d characters long; at least %d are needed, for example the output of: openssl rand -hex 24", len(key), minAdminKey)
	case len(key) < minAdminKey:
		c.config.Warnings = append(c.config.Warnings, fmt.Sprintf(
			"admin_key is only %d characters long, which is allowed on loopback alone; elsewhere at least %d are needed", len(key), minAdminKey))
	}
}

func (c *checker) metricsKey(key string) {
	c.config.MetricsKey = key
	switch {
	case key == "":
	case len(key) < minAdminKey:
		c.fail("metrics_key", "is only %d characters long; at least %d are needed, for example the output of: openssl rand -hex 24", len(key), minAdminKey)
	case key == c.config.AdminKey:
		c.fail("metrics_key", "is the admin key; it must be another one, which opens nothing else")
	}
}

// Loopback says whether only the machine itself can reach an address to listen on.
func Loopback(listen string) bool {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return false
	}
	address, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && address.IsLoopback()
}
