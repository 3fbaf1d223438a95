package mailbox

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/emersion/go-imap/v2"

	"example.org/imap-integration/filters"
	"example.org/imap-integration/mailbox/imapwire"
)

const (
	// maxSearch is how long a SEARCH line may be; Dovecot takes 64 KiB, Exchange 10,000 bytes or so.
	maxSearch = 8 << 10
	// maxSearches bounds the searches that one query is split into. A group that
	// needs more is not sent: it only narrows.
	maxSearches = 1000
	// termOverhead is what OR, parentheses, quotes and the key add to a term.
	termOverhead = 40
)

// Search returns the UIDs of the matching emails, ascending, each once. The
// query narrows only: terms that the server cannot take are left out, never
// the emails that they might match.
func (f *Folder) Search(ctx context.Context, c Criteria) ([]UID, error) {
	var uids []UID
	err := f.attempt(ctx, stageSearch, 1, func(ctx context.Context) (err error) {
		var done bool
		if uids, done, err = f.s.early.result(ctx, c); done || err != nil {
			return err
		}
		uids, err = f.search(ctx, c)
		return err
	})
	if err != nil {
		return nil, err
	}
	if len(uids) == 0 {
		f.doubt(c)
	}
	return uids, nil
}

// doubt says so where a search that every email must match found none, and the server said of the
// folder that there are some: an index that is damaged, say. What there is then nobody can ask for.
func (f *Folder) doubt(c Criteria) {
	if line, simple := c.line(); !simple || line != "ALL" && line != "UNSEEN" {
		return
	}
	box := f.s.n.Selected()
	if c.Unseen && f.s.opened.FirstUnseen > 0 || !c.Unseen && box.Exists > 0 {
		f.conf.Log.Warn("the mail server's search finds no email where the folder has some; where that stays, have the server rebuild its index of the folder",
			"folder", f.conf.Folder, "unseen", c.Unseen, "emails", box.Exists, "first_unseen", f.s.opened.FirstUnseen)
	}
}

func (f *Folder) search(ctx context.Context, c Criteria) ([]UID, error) {
	if c.To != 0 && c.To < c.From {
		return nil, nil
	}
	query := f.sendable(c.Query)
	uids, err := f.searchAll(ctx, c, query)
	if err != nil && !f.noCharset && refusedCharset(err, query) {
		f.noCharset = true
		f.conf.Log.Info("the mail server takes no CHARSET UTF-8, searching without those terms")
		uids, err = f.searchAll(ctx, c, f.sendable(c.Query))
	}
	return uids, err
}

// refusedCharset recognises BADCHARSET. QUIRK(Exchange, Domino): BAD or NO without the
// code, and without the word: any refusal of a search that needs CHARSET is taken for one.
func refusedCharset(err error, q filters.Query) bool {
	var r imapwire.Refusal
	return errors.As(err, &r) && !temporary(r.StatusResponse) && (r.Code == "BADCHARSET" || !plainASCII(q))
}

// plainASCII reports whether a search is sent without CHARSET.
func plainASCII(q filters.Query) bool {
	for _, group := range q {
		for _, t := range group {
			if !ascii(t.Field + t.Value) {
				return false
			}
		}
	}
	return true
}

// sendable leaves out groups that must not go to the server: one whose terms
// are not all sent would lose the emails of the missing ones.
func (f *Folder) sendable(q filters.Query) filters.Query {
	var out filters.Query
	for _, group := range q {
		if len(group) > 0 && !slices.ContainsFunc(group, f.unsendable) {
			out = append(out, group)
		}
	}
	return out
}

func (f *Folder) unsendable(t filters.Term) bool {
	text := t.Field + t.Value
	return len(text)+termOverhead > maxSearch/2 || strings.ContainsAny(text, "\r\n\x00") || f.noCharset && !ascii(text)
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// searchAll runs one search, or for a long query one or more for each group.
func (f *Folder) searchAll(ctx context.Context, c Criteria, q filters.Query) ([]UID, error) {
	total := 0
	for _, group := range q {
		total += groupSize(group)
	}
	if total <= maxSearch {
		return f.searchOnce(ctx, c, q)
	}
	var result []UID
	for i, group := range q {
		uids, err := f.searchGroup(ctx, c, group)
		if err != nil {
			return nil, err
		}
		if i == 0 {
			result = uids
		} else {
			result = intersect(result, uids)
		}
	}
	return result, nil
}

func groupSize(group []filters.Term) int {
	n := 0
	for _, t := range group {
		n += len(t.Field) + len(t.Value) + termOverhead
	}
	return n
}

// searchGroup unites the searches of one group's pieces.
func (f *Folder) searchGroup(ctx context.Context, c Criteria, group []filters.Term) ([]UID, error) {
	pieces := splitGroup(group)
	if len(pieces) > maxSearches {
		return f.searchOnce(ctx, c, nil)
	}
	var all []UID
	for _, piece := range pieces {
		uids, err := f.searchOnce(ctx, c, filters.Query{piece})
		if err != nil {
			return nil, err
		}
		all = append(all, uids...)
	}
	return imapwire.Ascending(all), nil
}

func splitGroup(group []filters.Term) [][]filters.Term {
	var pieces [][]filters.Term
	start, size := 0, 0
	for i := range group {
		n := groupSize(group[i : i+1])
		if i > start && size+n > maxSearch {
			pieces, start, size = append(pieces, group[start:i]), i, 0
		}
		size += n
	}
	return append(pieces, group[start:])
}

// intersect returns what is in both ascending lists.
func intersect(a, b []UID) []UID {
	var out []UID
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0] < b[0]:
			a = a[1:]
		case a[0] > b[0]:
			b = b[1:]
		default:
			out = append(out, a[0])
			a, b = a[1:], b[1:]
		}
	}
	return out
}

// searchOnce runs one UID SEARCH.
func (f *Folder) searchOnce(ctx context.Context, c Criteria, q filters.Query) ([]UID, error) {
	result, err := search(ctx, f.s, searchKeys(c, q), f.s.returnAll())
	if err != nil {
		return nil, err
	}
	return c.within(result.UIDs), nil
}

// searchKeys writes the criteria for go-imap, which encodes every value as a
// quoted string or a literal.
func searchKeys(c Criteria, q filters.Query) *imap.SearchCriteria {
	keys := &imap.SearchCriteria{Since: c.Since}
	if c.Unseen {
		keys.NotFlag = []imap.Flag{imap.FlagSeen}
	}
	if c.Seen {
		keys.Flag = []imap.Flag{imap.FlagSeen}
	}
	if c.Lacks != "" {
		keys.NotFlag = append(keys.NotFlag, imap.Flag(c.Lacks))
	}
	if c.Size > 0 {
		keys.Larger, keys.Smaller = c.Size-1, c.Size+1
	}
	if c.From > 1 || c.To != 0 {
		keys.UID = []imap.UIDSet{{{Start: imap.UID(max(c.From, 1)), Stop: imap.UID(c.To)}}}
	}
	for _, group := range q {
		keys.And(anyOf(group))
	}
	return keys
}

// anyOf is a balanced tree of OR, so that a long list nests a few levels deep only.
func anyOf(group []filters.Term) *imap.SearchCriteria {
	if len(group) == 1 {
		return termKey(group[0])
	}
	half := len(group) / 2
	return &imap.SearchCriteria{Or: [][2]imap.SearchCriteria{{*anyOf(group[:half]), *anyOf(group[half:])}}}
}

func termKey(t filters.Term) *imap.SearchCriteria {
	switch strings.ToUpper(t.Key) {
	case "TEXT":
		return &imap.SearchCriteria{Text: []string{t.Value}}
	case "BODY":
		return &imap.SearchCriteria{Body: []string{t.Value}}
	case "HEADER":
		return &imap.SearchCriteria{Header: []imap.SearchCriteriaHeaderField{{Key: t.Field, Value: t.Value}}}
	default:
		return &imap.SearchCriteria{Header: []imap.SearchCriteriaHeaderField{{Key: t.Key, Value: t.Value}}}
	}
}

// Unseen asks how many emails are unread.
func (f *Folder) Unseen(ctx context.Context) (uint32, error) {
	uids, err := f.Search(ctx, Criteria{Unseen: true})
	return uint32(len(uids)), err
}
