package actions

import (
	"context"
	"iter"
	"strings"

	"example.org/imap-integration/content"
	"example.org/imap-integration/manifest"
	"example.org/imap-integration/message"
	"example.org/imap-integration/soar"
)

// attachmentsHeader is a header that no email has: under it stand an email's
// attachments, one text each, as "filename: NAME,,". Cloud SOAR shows them like
// that, and the vendor's preset for their names is written for it.
const attachmentsHeader = "attachments"

// emailHeaderRegex searches the headers of emails, decoded and unfolded.
func emailHeaderRegex(ctx context.Context, env *Env, v *manifest.Values) (any, error) {
	return runRegex(ctx, env, v, func(v *manifest.Values) regexSource {
		h := headerSource{name: v.Line("header_name")}
		return regexSource{mail: h.mail, record: h.record}
	})
}

// headerSource yields headers: the values of the one that is named; of all
// headers, where none is, each as "Name: value", so that a pattern can tell them apart.
type headerSource struct{ name string }

func (h headerSource) mail(m *message.Message) iter.Seq[regexText] {
	return func(yield func(regexText) bool) {
		for _, f := range m.Header.Fields() {
			if !h.field(f.Name, f.Value, yield) {
				return
			}
		}
		if h.wants(attachmentsHeader) {
			list, _ := content.Attachments(m, message.DefaultLimits())
			h.attachments(list, yield)
		}
	}
}

func (h headerSource) record(r soar.Record) iter.Seq[regexText] {
	return func(yield func(regexText) bool) {
		for _, f := range r.Headers {
			for _, value := range f.Values {
				if !h.field(f.Name, value, yield) {
					return
				}
			}
		}
		if h.wants(attachmentsHeader) {
			h.attachments(r.Attachments, yield)
		}
	}
}

func (h headerSource) wants(name string) bool { return h.name == "" || strings.EqualFold(h.name, name) }

func (h headerSource) field(name, value string, yield func(regexText) bool) bool {
	if !h.wants(name) {
		return true
	}
	if h.name == "" {
		value = name + ": " + value
	}
	return yield(regexText{where: name, text: value})
}

func (h headerSource) attachments(list []message.Attachment, yield func(regexText) bool) {
	for _, a := range list {
		if !yield(regexText{part: a.Part, where: attachmentsHeader, text: "filename: " + a.Filename + ",,"}) {
			return
		}
	}
}
