package soar

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"example.org/imap-integration/transport"
)

// apiPaths are taken off the end of the address, longest first.
var apiPaths = []string{"/api/csoar/v3", "/api/csoar", "/incmansuite_ng/api/v3", "/incmansuite_ng/api", "/incmansuite_ng", "/api"}

// ParseURL checks an address of the API and takes off the paths that people
// copy along with it. https only, and http for loopback addresses.
func ParseURL(text string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimSpace(text))
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "" || u.Opaque != "":
		return nil, fmt.Errorf("%s is not the address of an API; it should look like https://api.us2.sumologic.com, or local:FILE for a store in a file", quotedAddress(text))
	case u.User != nil:
		return nil, errors.New("the address of the API holds a user name before an @; credentials go into fields of their own")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, fmt.Errorf("the address of the API at %s has more after its path; leave that off", quoted(u.Host))
	case u.Scheme == "http" && !transport.Loopback(u.Hostname()):
		return nil, fmt.Errorf("the address of the API at %s must begin with https://; http is for this machine alone", quoted(u.Host))
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("the address of the API at %s must begin with https://, not with %s", quoted(u.Host), quoted(u.Scheme+"://"))
	}
	path := strings.TrimRight(u.Path, "/")
	for _, known := range apiPaths {
		if cut, ok := strings.CutSuffix(path, known); ok {
			path = strings.TrimRight(cut, "/")
			break
		}
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host, Path: path + "/"}, nil
}

// quotedAddress shows a text that is no address, but nothing that may be a password in one.
func quotedAddress(text string) string {
	if strings.Contains(text, "@") {
		return "what is set"
	}
	return quoted(text)
}
