package message

import (
	"strings"

	"example.org/imap-integration/quote"
)

// onceOnly are the fields that an email has at most once (RFC 5322, section 3.6; RFC 2045).
var onceOnly = []string{"Date", "Sender", "Reply-To", "To", "Cc", "Bcc", "Message-ID", "In-Reply-To", "References", "Subject", "MIME-Version"}

// displayed are the fields whose text people see.
var displayed = []string{"From", "Sender", "Reply-To", "To", "Cc", "Subject"}

// checkHeader notes what is wrong or suspicious in the header of an email.
func (r *reader) checkHeader(at int) {
	h := r.m.Header
	if n := h.count("From"); n > 1 {
		r.note(at, CodeTwoFrom, "%d From fields; the first counts", n)
	}
	for _, name := range onceOnly {
		if n := h.count(name); n > 1 {
			r.note(at, CodeDuplicateHeader, "%d %s fields; the first counts", n, name)
		}
	}
	for _, name := range displayed {
		for _, v := range h.Values(name) {
			if hasControl(v) {
				r.note(at, CodeControlCharacters, "control or direction characters in %s: %s", name, quote.Text(v, quote.Name))
			}
		}
	}
	if f := h.first("Date"); f != nil {
		if _, ok := ParseDate(f.Value); !ok {
			r.note(at, CodeBadDate, "the Date %s cannot be read", quote.Text(f.Value, quote.Name))
		}
	}
	r.checkAddresses(at)
}

// checkAddresses looks at the fields in which a wrong address deceives.
func (r *reader) checkAddresses(at int) {
	h := r.m.Header
	for _, name := range []string{"From", "Sender", "Reply-To", "To", "Cc", "Bcc"} {
		n := 0
		for i := range h.fields {
			if !strings.EqualFold(h.fields[i].Name, name) {
				continue
			}
			list, flaws := parseAddresses(h.fields[i].Raw, r.limits)
			for _, a := range list {
				if a.Addr != "" {
					n++
				}
				switch {
				case lookalike(a.Addr):
					r.note(at, CodeLookalike, "the address %s of %s may be taken for another", quote.Text(a.Addr, quote.Name), name)
				case strings.ContainsAny(a.Name, fullWidthAts):
					r.note(at, CodeLookalike, "the name %s of %s looks like an address", quote.Text(a.Name, quote.Name), name)
				}
			}
			if flaws.bad {
				r.note(at, CodeBadAddress, "the addresses of %s are malformed: %s", name, quote.Text(h.fields[i].Value, quote.Name))
			}
			if flaws.tooMany {
				r.note(at, CodeLimitAddresses, "%s has more than %d addresses; the rest is not read", name, r.limits.Addresses)
			}
		}
		if n > 1 && name == "From" {
			r.note(at, CodeTwoFromAddresses, "%d addresses in From; the first counts", n)
		}
	}
}
