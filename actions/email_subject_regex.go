package actions

import (
	"context"
	"iter"
	"strings"

	"example.org/imap-integration/manifest"
	"example.org/imap-integration/message"
	"example.org/imap-integration/soar"
)

// subjectHeader is the one that email-subject-regex searches.
const subjectHeader = "Subject"

// emailSubjectRegex searches the subjects of emails, decoded: all of them, where a
// email has more than the one it may have.
func emailSubjectRegex(ctx context.Context, env *Env, v *manifest.Values) (any, error) {
	return runRegex(ctx, env, v, func(*manifest.Values) regexSource {
		return regexSource{mail: subjectsOfMail, record: subjectsOfRecord}
	})
}

func subjectsOfMail(m *message.Message) iter.Seq[regexText] {
	return headerSource{name: subjectHeader}.mail(m)
}

func subjectsOfRecord(r soar.Record) iter.Seq[regexText] {
	for _, f := range r.Headers {
		if strings.EqualFold(f.Name, subjectHeader) {
			return headerSource{name: subjectHeader}.record(r)
		}
	}
	return one(regexText{where: subjectHeader, text: r.Subject}) // a store that keeps no headers
}
