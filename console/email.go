package console

import (
	"errors"
	"fmt"
	"net/http"
	"slices"

	"example.org/imap-integration/analysis"
	"example.org/imap-integration/content"
	"example.org/imap-integration/message"
	"example.org/imap-integration/soar"
)

// emailScreen shows one email.
type emailScreen struct {
	*desk
	reports *reports
}

// maxEmail bounds an email that a page reads, bytes.
const maxEmail = 64 << 20

// tabs are the views of one email.
var tabs = []struct{ Key, Name string }{
	{"", "Message"},
	{"contents", "Contents"},
	{"route", "Route and authentication"},
	{"links", "Links"},
	{"indicators", "Indicators"},
	{"source", "Source"},
}

// emailPage is one view of one email.
type emailPage struct {
	emailLine
	Tab     string
	Tabs    []struct{ Key, Name string }
	Content bool // the store has its bytes

	HTML   bool // the message tab shows the HTML
	Safe   *safeHTML
	Source string // the beginning of the raw email
	Report *analysis.Report
	Top    analysis.Found
	Tree   []node
}

// Attached reports whether a part can be downloaded: a member of an archive cannot.
func (p emailPage) Attached(part string) bool {
	return part != "" && p.Content && slices.ContainsFunc(p.Attachments, func(a message.Attachment) bool { return a.Part == part })
}

func (s emailScreen) show(w http.ResponseWriter, r *http.Request) error {
	record, err := s.record(r)
	if err != nil {
		return err
	}
	p := emailPage{emailLine: emailLines([]soar.Record{record})[0], Tab: r.PathValue("tab"), Tabs: tabs, Content: record.SHA256 != ""}
	switch p.Tab {
	case "":
		p.HTML = record.BodyHTML != "" && (r.URL.Query().Get("view") == "html")
		if p.HTML {
			if p.Safe, err = s.safeHTML(r, record); err != nil {
				return err
			}
		}
	case "source":
		raw, err := s.raw(r, record)
		if err != nil && !errors.Is(err, soar.ErrNoContent) {
			return err
		}
		p.Source = visible(string(raw[:min(len(raw), textLength)]))
	case "contents", "route", "links", "indicators":
		if p.Report, err = s.report(r, record); err != nil {
			return err
		}
		if len(p.Report.Messages) > 0 {
			p.Top = p.Report.Messages[0]
		}
		p.Tree = treeOf(p.Report)
	default:
		return noPage(w, r)
	}
	s.render(w, http.StatusOK, "email", page{Title: "Email " + emailID(record), Section: "emails"}, p)
	return nil
}

// record returns the email of the path.
func (s emailScreen) record(r *http.Request) (soar.Record, error) {
	id := soar.ID(r.PathValue("id"))
	if !id.Valid() {
		return soar.Record{}, &failure{http.StatusNotFound, "there is no such email"}
	}
	return s.Store.Get(r.Context(), id)
}

// emailID is an id as an address has it.
func emailID(r soar.Record) string { return string(r.ID) }

func (s emailScreen) raw(r *http.Request, record soar.Record) ([]byte, error) {
	return s.Store.EML(r.Context(), record.ID, maxEmail)
}

// document is the document in the frame. It comes for a frame of ours alone:
// by itself, in a window of its own, nothing would keep a click from leading somewhere.
func (s emailScreen) document(w http.ResponseWriter, r *http.Request) error {
	if r.Header.Get("Sec-Fetch-Dest") != "iframe" || r.Header.Get("Sec-Fetch-Site") != "same-origin" {
		return &failure{http.StatusForbidden, "the HTML of an email is shown in the email's page only"}
	}
	record, err := s.record(r)
	if err != nil {
		return err
	}
	safe, err := s.safeHTML(r, record)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", emailCSP)
	_, err = w.Write([]byte(safe.Document))
	return err
}

// safeHTML makes the document from the email itself, for its record may hold only the beginning of the HTML.
func (s emailScreen) safeHTML(r *http.Request, record soar.Record) (*safeHTML, error) {
	raw, err := s.raw(r, record)
	if err != nil && !errors.Is(err, soar.ErrNoContent) {
		return nil, err
	}
	m := message.Parse(raw, message.DefaultLimits())
	markup := m.BodyHTML()
	if markup == "" {
		markup = record.BodyHTML
	}
	safe := inert(markup, pictures(m))
	return &safe, nil
}

func (s emailScreen) download(w http.ResponseWriter, r *http.Request) error {
	record, err := s.record(r)
	if err != nil {
		return err
	}
	raw, err := s.raw(r, record)
	if err != nil {
		return err
	}
	return download(w, "email-"+emailID(record)+".eml"+untrusted, raw)
}

// downloadFile hands out an attachment by its part.
func (s emailScreen) downloadFile(w http.ResponseWriter, r *http.Request) error {
	record, err := s.record(r)
	if err != nil {
		return err
	}
	raw, err := s.raw(r, record)
	if err != nil {
		return err
	}
	part := r.URL.Query().Get("part")
	i := slices.IndexFunc(record.Attachments, func(a message.Attachment) bool { return a.Part == part })
	data, found := content.Bytes(message.Parse(raw, message.DefaultLimits()), part)
	if !found || i < 0 {
		return &failure{http.StatusNotFound, "the email has no such attachment"}
	}
	name := record.Attachments[i].Filename
	if name == "" {
		name = fmt.Sprintf("email-%s-part-%s", emailID(record), part)
	}
	return download(w, name+untrusted, data)
}
