package links

import (
	"slices"
	"strings"

	"github.com/nlnwa/whatwg-url/url"
)

// Undone is where a link leads that somebody on the way has replaced by one of their own.
type Undone struct {
	Target string   // the innermost target that is known; the link itself where nothing was undone
	By     []string // who rewrote it, the outermost first; nil for a link that nobody is known to have rewritten
	Opaque bool     // Target is a rewritten link whose target only its maker knows
	// Gateway tells that the maker of an opaque link is a mail gateway of the
	// reader's side, not somebody whom the sender chose.
	Gateway bool
}

// maxRewritings bounds how deep links are undone: gateways behind each other, not somebody's loop.
const maxRewritings = 12

// Undo returns where a link leads once all rewriting is undone that can be
// undone without asking anybody: mail gateways (Safe Links, URL Defense and the like), and
// redirectors of large sites that carry their target in the link. A host that
// merely looks like one of them is none: the hosts are compared whole.
func Undo(target string) Undone {
	u := Undone{Target: target}
	for len(u.By) < maxRewritings {
		if host, ok := plainHost(u.Target); ok && !rewriters(host) {
			return u
		}
		parsed, ok := parse("", u.Target)
		if !ok || parsed.Scheme() != "http" && parsed.Scheme() != "https" {
			return u
		}
		r, gateway := rewriterOf(parsed)
		if r == nil {
			return u
		}
		inner, ok := r.target(parsed)
		if ok {
			inner, ok = absolute(inner)
		}
		if !ok {
			if r.always {
				u.By, u.Opaque, u.Gateway = append(u.By, r.name), true, gateway
			}
			return u
		}
		u.By, u.Target = append(u.By, r.name), inner
	}
	return u
}

// absolute takes an inner target only where it leads somewhere by itself.
func absolute(inner string) (string, bool) {
	inner = strings.ToValidUTF8(trim(inner), "\uFFFD")
	if u, ok := parse("", inner); ok {
		switch u.Scheme() {
		case "http", "https", "ftp":
			return inner, u.Hostname() != ""
		case "mailto":
			return inner, true
		}
		if strings.Contains(inner, "://") {
			return "", false
		}
	}
	// "www.example.com/a": some gateways leave the scheme out.
	host, _, _ := strings.Cut(inner, "/")
	if strings.Contains(host, ".") && !strings.ContainsAny(host, " @:") {
		if _, ok := parse("", "http://"+inner); ok {
			return "http://" + inner, true
		}
	}
	return "", false
}

// rewriter is one maker of links that stand for others.
type rewriter struct {
	name   string
	hosts  []string // whole names; with a dot in front also each name below
	paths  []string // beginnings of the path, one of which must fit; nil: all
	always bool     // every such link is rewritten: one that cannot be undone is opaque
	target func(u *url.Url) (string, bool)
}

// rewriterOf returns whose link it is, nil for nobody's.
func rewriterOf(u *url.Url) (r *rewriter, gateway bool) {
	host, path := strings.TrimSuffix(u.Hostname(), "."), u.Pathname()
	for _, table := range [][]rewriter{gateways, redirectors} {
		for i := range table {
			if r := &table[i]; r.made(host, path) {
				return r, &table[0] == &gateways[0]
			}
		}
	}
	return nil, false
}

// rewriters reports whether somebody who rewrites links has this host.
func rewriters(host string) bool {
	for _, table := range [][]rewriter{gateways, redirectors} {
		for i := range table {
			if slices.ContainsFunc(table[i].hosts, func(name string) bool { return hostFits(host, name) }) {
				return true
			}
		}
	}
	return false
}

func (r *rewriter) made(host, path string) bool {
	return slices.ContainsFunc(r.hosts, func(name string) bool { return hostFits(host, name) }) &&
		(r.paths == nil || slices.ContainsFunc(r.paths, func(p string) bool { return strings.HasPrefix(path, p) }))
}

// hostFits compares a host with a name of the table; "google.*" stands for all country hosts.
func hostFits(host, name string) bool {
	if base, ok := strings.CutSuffix(name, "*"); ok {
		return countryHost(host, base)
	}
	if strings.HasPrefix(name, ".") {
		return host == name[1:] || strings.HasSuffix(host, name)
	}
	return host == name
}

// countryHost tells google.de, www.google.co.uk and google.com.br from google.evil.example.
func countryHost(host, base string) bool {
	rest, ok := strings.CutPrefix(strings.TrimPrefix(host, "www."), base)
	if !ok {
		return false
	}
	if rest == "com" || rest == "cat" || len(rest) == 2 {
		return true
	}
	second, country, ok := strings.Cut(rest, ".")
	return ok && len(country) == 2 && (second == "co" || second == "com")
}

// query returns a function that takes the first of these parameters that is there, percent-decoded.
func query(keys ...string) func(*url.Url) (string, bool) {
	return func(u *url.Url) (string, bool) {
		for _, key := range keys {
			if v, ok := parameter(u, key); ok && v != "" {
				return percentDecode(strings.ReplaceAll(v, "+", " ")), true
			}
		}
		return "", false
	}
}

// parameter returns a parameter as it is written. Keys are compared without case: gateways differ.
func parameter(u *url.Url, key string) (string, bool) {
	for pair := range strings.SplitSeq(strings.ReplaceAll(u.Query(), "&amp;", "&"), "&") {
		if k, v, ok := strings.Cut(pair, "="); ok && strings.EqualFold(k, key) {
			return v, true
		}
	}
	return "", false
}

// percentDecode leaves what is no escape as it is.
func percentDecode(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			hi, lo := unhex(s[i+1]), unhex(s[i+2])
			if hi >= 0 && lo >= 0 {
				out = append(out, byte(hi<<4|lo))
				i += 2
				continue
			}
		}
		out = append(out, s[i])
	}
	return string(out)
}

func unhex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}
