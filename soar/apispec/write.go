package apispec

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"example.org/imap-integration/soar/profile"
)

// synonyms are other names of our fields, flat, the likeliest first.
func synonyms() map[string][]string {
	m := map[string][]string{}
	for ours, theirs := range map[string]string{
		"id":               "id ref no number uid emailid messageno mailid",
		"created_at":       "createdat created stored storedat createdon",
		"discarded":        "discarded archived junk dismissed trashed",
		"source_key":       "sourcekey fingerprint key dedupekey externalid externalkey idempotencykey hash",
		"message_id":       "messageid internetmessageid",
		"in_reply_to":      "inreplyto",
		"mailbox_account":  "mailboxaccount account",
		"folder":           "folder mailfolder",
		"uid_validity":     "uidvalidity",
		"uid":              "uid imapuid",
		"received_at":      "receivedat received receivedon",
		"date":             "date written sentat",
		"from":             "from senderaddress fromaddress sender.address from.address",
		"from_name":        "fromname sendername sender.name from.name",
		"sender":           "sender envelope.sender",
		"subject":          "subject title",
		"body_text":        "bodytext text content.text",
		"body_html":        "bodyhtml html content.html",
		"attachments":      "attachments files",
		"problems":         "problems findings warnings",
		"filename":         "filename name",
		"content_type":     "contenttype mediatype mimetype",
		"sha256":           "sha256 digest checksum",
		"email_id":         "emailid mail mailid email messageid message ref no id",
		"part":             "part partno section",
		"size":             "size bytes length",
		"reply_to":         "replyto",
		"return_path":      "returnpath",
		"attachment_names": "attachmentnames",
		"body_truncated":   "bodytruncated truncated",
		"incident_id":      "incidentid incident caseid case ticketid ticket",
		"triage_id":        "triageid triage eventid event alertid alert",
		"page_size":        "pagesize perpage limit size count",
		"page_number":      "pagenumber page pageno",
		"offset":           "offset skip start from",
		"existed":          "existed exists duplicate known already",
		"title":            "title headline subject heading name summary",
		"additional_info":  "additionalinfo html text body content message comment note description value",
		"created_on":       "createdon createdat created writtenat date time",
		"total":            "total count totalcount totalresults",
	} {
		m[ours] = strings.Fields(theirs)
	}
	return m
}

// flatPath is a dotted path, each name without its style.
func flatPath(path string) string {
	names := strings.Split(path, ".")
	for i, n := range names {
		names[i] = flat(n)
	}
	return strings.Join(names, ".")
}

// writer makes a profile.
type writer struct {
	names  map[string][]string
	chosen map[string]*endpoint
	p      profile.Profile
	record []field // of an email, as the API shows it
	file   []field
}

// find is the path of one of our fields among theirs: by the whole path, then by its last name.
func (w *writer) find(ours string, among []field) (path string, ok bool) {
	for _, name := range append([]string{flat(ours)}, w.names[ours]...) {
		for _, f := range among {
			if flatPath(f.path) == name {
				return f.path, true
			}
		}
	}
	for _, name := range append([]string{flat(ours)}, w.names[ours]...) {
		for _, f := range among {
			if strings.Contains(f.path, ".") && flat(f.name()) == name {
				return f.path, true
			}
		}
	}
	return "", false
}

// write makes the profile of what was chosen.
func write(chosen map[string]*endpoint) profile.Profile {
	w := &writer{names: synonyms(), chosen: chosen}
	w.p = profile.Profile{Operations: map[string]*profile.Operation{}}
	w.shapes()
	for _, name := range needed(chosen) {
		e := chosen[name]
		if e == nil {
			w.p.Operations[name] = nil
			continue
		}
		w.p.Operations[name] = w.operation(name, e)
	}
	return w.p
}

// shapes reads the names of a record's and a file's fields, and how ids and dates are written.
func (w *writer) shapes() {
	for _, name := range []string{"emails.get", "emails.search", "emails.create"} {
		if e := w.chosen[name]; e != nil && len(w.record) == 0 {
			w.record = w.object(name, e)
		}
	}
	if e := w.chosen["incidents.attachments.list"]; e != nil {
		w.file = w.object("incidents.attachments.list", e)
	}
	if len(w.record) > 0 {
		w.p.Record = w.mapping(w.record, profile.RecordFields())
		w.values()
	}
	if len(w.file) > 0 {
		w.p.File = w.mapping(w.file, profile.FileFields())
	}
}

// object is what an operation answers: the record itself, without its wrapping.
func (w *writer) object(name string, e *endpoint) []field {
	_, s := e.success()
	if _, of, ok := elements(s); ok && strings.HasSuffix(name, "list") || name == "emails.search" && ok {
		return fieldsOf(of)
	}
	if name == "emails.create" {
		return fieldsOf(e.op.body)
	}
	_, of := unwrapped(s)
	return fieldsOf(of)
}

// unwrapped looks into an object that holds nothing but one object.
func unwrapped(s *schema) (at string, of *schema) {
	at, of = ".", s
	for depth := 0; of != nil && len(of.properties) == 1 && depth < maxDepth; depth++ {
		for name, p := range of.properties {
			if p == nil || len(p.properties) == 0 && len(p.allOf) == 0 {
				return at, of
			}
			at, of = strings.TrimPrefix(at+"."+name, ".."), p
		}
	}
	return at, of
}

// mapping names the fields that are spelled differently, and those that are not there.
// Each name of theirs is used once.
func (w *writer) mapping(theirs []field, ours []string) map[string]string {
	names, used := map[string]string{}, map[string]bool{}
	for _, exact := range []bool{true, false} {
		for _, field := range ours {
			if _, done := names[field]; done || !exact && used["="+field] {
				continue
			}
			path, ok := field, slices.ContainsFunc(theirs, byPath(field))
			if !exact {
				path, ok = w.find(field, without(theirs, used))
			}
			switch {
			case ok && path == field:
				used[path], used["="+field] = true, true
			case ok:
				names[field], used[path] = path, true
			case !exact:
				names[field] = ""
			}
		}
	}
	return names
}

func byPath(path string) func(field) bool { return func(f field) bool { return f.path == path } }

func without(all []field, used map[string]bool) (rest []field) {
	for _, f := range all {
		if !used[f.path] {
			rest = append(rest, f)
		}
	}
	return rest
}

// idPrefix is what stands before the digits of an id, in a pattern or an example.
var idPrefix = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^\^?([A-Za-z]+[-_])(?:\d+|\\d\+|\[0-9\]\+)\$?$`) })

// values reads how ids and dates are written.
func (w *writer) values() {
	named := func(ours string) string {
		if path, ok := w.p.Record[ours]; ok {
			return path
		}
		return ours
	}
	for _, f := range w.record {
		switch f.path {
		case named("id"):
			if !f.is("string") {
				break
			}
			w.p.IDs = "string"
			example, _ := f.schema.example.(string)
			for _, text := range []string{f.schema.pattern, example} {
				if m := idPrefix().FindStringSubmatch(text); m != nil {
					w.p.IDPrefix = m[1]
					break
				}
			}
		case named("received_at"):
			w.p.Dates = dates(f.schema)
		}
	}
}

// dates says how an instant is written: "" as text, as RFC 3339 has it.
func dates(s *schema) string {
	switch said := strings.ToLower(s.description + s.format); {
	case !s.is("integer") && !s.is("number"):
		return ""
	case strings.Contains(said, "milli"):
		return "unix_ms"
	}
	return "unix"
}
