package soar

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"example.org/imap-integration/message"
)

// finder looks emails up, also in a store that does not filter or sort as asked.
type finder struct{ *caller }

// wireQuery is the body of emails.search. Only these filter keys are documented.
type wireQuery struct {
	Filter     wireFilter `json:"filter"`
	Sort       string     `json:"sort"`
	PageSize   int        `json:"page_size"`
	PageNumber int        `json:"page_number"`
}

type wireFilter struct {
	MailboxAccount string `json:"mailbox_account,omitempty"`
	Folder         string `json:"folder,omitempty"`
	SourceKey      string `json:"source_key,omitempty"`
	MessageID      string `json:"message_id,omitempty"`
	From           string `json:"from,omitempty"`
	Subject        string `json:"subject,omitempty"`
	ReceivedAfter  string `json:"received_after,omitempty"`
	ReceivedBefore string `json:"received_before,omitempty"`
	Discarded      *bool  `json:"discarded,omitempty"`
}

func (q Query) wire() wireFilter {
	return wireFilter{
		q.MailboxAccount, q.Folder, q.SourceKey, q.MessageID, q.From, q.Subject,
		wireTime(q.ReceivedAfter), wireTime(q.ReceivedBefore), q.Discarded,
	}
}

func wireTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// stub is what of a record a run needs to know its place: bodies and headers
// of a page are not kept.
type stub struct {
	ID             ID          `json:"id"`
	SourceKey      string      `json:"source_key"`
	MailboxAccount string      `json:"mailbox_account"`
	Folder         string      `json:"folder"`
	UIDValidity    uint32      `json:"uid_validity"`
	UID            message.UID `json:"uid"`
	ReceivedAt     string      `json:"received_at"`
	CreatedAt      string      `json:"created_at"`
}

// searching returns a pager over the records that a query selects, newest id first.
func searching[T aged](c *caller, doing string, q Query, size int, send sender) *pager[T] {
	return newPager[T](c, size, send, func(size, number int) *request {
		return &request{
			doing: doing, route: routeSearch, limit: pageLimit,
			body: jsonBody(wireQuery{Filter: q.wire(), Sort: "-id", PageSize: size, PageNumber: number}),
		}
	})
}

// Search returns the records from (PageNumber-1)*PageSize on, newest id first,
// collected over as many requests as that needs; PageSize 0 is 100, PageNumber 0
// is 1. A store that does not filter or sort as asked is noticed: then all that it
// lists are looked through here, up to 10,000.
func (f finder) Search(ctx context.Context, q Query) (Page, error) {
	if q.PageSize <= 0 {
		q.PageSize = pageSize
	}
	offset := (max(q.PageNumber, 1) - 1) * q.PageSize
	if !f.counts() {
		return f.sift(ctx, q, offset)
	}
	page, trusted, err := f.window(ctx, q, offset)
	if err != nil || trusted {
		return page, err
	}
	f.warn("Cloud SOAR does not sort or filter emails.search as asked; its lists are sorted and filtered here", "host", f.base.Host)
	return f.sift(ctx, q, offset)
}

const searchDoing = "search the emails"

// window reads the records as the store lists them, and whether they can be trusted.
func (f finder) window(ctx context.Context, q Query, offset int) (page Page, trusted bool, err error) {
	p := searching[Record](f.caller, searchDoing, q, q.PageSize, f.sender(ctx))
	page.Records = []Record{}
	for at := offset; len(page.Records) < q.PageSize; at += p.raw {
		fresh, err := p.at(at)
		if err != nil {
			return Page{}, false, err
		}
		if p.wild || slices.ContainsFunc(fresh, func(r Record) bool { return !q.matches(r) }) {
			return Page{}, false, nil
		}
		if at == offset {
			fresh = fresh[min(max(offset-p.start, 0), len(fresh)):]
		}
		page.Records = append(page.Records, fresh...)
		if p.raw == 0 || len(fresh) == 0 || at+p.raw >= p.total {
			break
		}
	}
	page.Records = normalized(page.Records[:min(len(page.Records), q.PageSize)])
	page.Total = p.total
	if len(p.seen) >= p.total {
		return page, true, nil // every record has been looked at
	}
	trusted, err = f.knowsDiscarded(ctx, q, p.total)
	return page, trusted, err
}

// knowsDiscarded finds out whether the store filters by discarded: its places on
// pages and its total cannot be checked by looking at one page. A store that
// ignores the filter finds as many records for true as for false.
func (f finder) knowsDiscarded(ctx context.Context, q Query, total int) (bool, error) {
	if q.Discarded == nil {
		return true, nil
	}
	other := !*q.Discarded
	q.Discarded = &other
	p := searching[stub](f.caller, searchDoing, q, fewest, f.sender(ctx))
	_, err := p.at(0)
	return p.total != total, err
}

// sift finds a page's records among all that the store lists, filtered or not.
func (f finder) sift(ctx context.Context, q Query, offset int) (Page, error) {
	p := searching[Record](f.caller, searchDoing, q, pageSize, f.sender(ctx))
	var kept []Record
	total := 0
	err := p.walk(func(page []Record) bool {
		for _, r := range page {
			if q.matches(r) {
				kept, total = append(kept, r), total+1
			}
		}
		slices.SortStableFunc(kept, newestFirst)
		kept = slices.Clip(kept[:min(len(kept), offset+q.PageSize)]) // what no page can need is let go
		return true
	})
	if err != nil {
		return Page{}, err
	}
	return Page{normalized(kept[min(offset, len(kept)):]), total}, nil
}

func newestFirst(a, b Record) int { return compareAge(b, a) }

func normalized(records []Record) []Record {
	for i := range records {
		records[i].Normalize()
	}
	return records
}

// matches is the query's meaning, for stores that do not filter as asked. How a
// store compares addresses and subjects is not documented: a part in any case.
func (q Query) matches(r Record) bool {
	return (q.MailboxAccount == "" || strings.EqualFold(q.MailboxAccount, r.MailboxAccount)) &&
		(q.Folder == "" || sameFolder(q.Folder, r.Folder)) &&
		(q.SourceKey == "" || q.SourceKey == r.SourceKey) &&
		(q.MessageID == "" || q.MessageID == r.MessageID) &&
		(q.From == "" || contains(r.From, q.From) || contains(r.FromName, q.From)) &&
		(q.Subject == "" || contains(r.Subject, q.Subject)) &&
		(q.Discarded == nil || *q.Discarded == r.Discarded) &&
		within(r.ReceivedAt, q.ReceivedAfter, q.ReceivedBefore)
}

// sameFolder compares folder names; INBOX alone has no case (RFC 9051, section 5.1).
func sameFolder(a, b string) bool {
	return a == b || strings.EqualFold(a, "INBOX") && strings.EqualFold(b, "INBOX")
}

func contains(text, part string) bool {
	return strings.Contains(strings.ToLower(text), strings.ToLower(part))
}

// within compares an instant with two bounds that both count; zero bounds nothing.
func within(text string, after, before time.Time) bool {
	if after.IsZero() && before.IsZero() {
		return true
	}
	at, err := time.Parse(time.RFC3339, text)
	return err == nil && !(at.Before(after) || !before.IsZero() && at.After(before))
}

// ByKey finds the record with a source key; of several, the one that was made first.
func (f finder) ByKey(ctx context.Context, key string) (Record, bool, error) {
	return f.byKey(ctx, key, f.sender(ctx))
}

// byKey goes on to the next page only while a store answers with other keys: one
// that does not filter.
func (f finder) byKey(ctx context.Context, key string, send sender) (found Record, ok bool, err error) {
	p := searching[Record](f.caller, "look an email up by its source_key", Query{SourceKey: key}, pageSize, send)
	err = p.walk(func(page []Record) bool {
		foreign := false
		for _, r := range page {
			switch {
			case r.SourceKey != key:
				foreign = true
			case !ok || compareAge(r, found) < 0:
				found, ok = r, true
			}
		}
		return foreign && !ok && ctx.Err() == nil
	})
	if ok {
		found.Normalize()
	}
	return found, ok, err
}

// Check asks for the newest email and tells how many there are. It changes nothing.
func (f finder) Check(ctx context.Context) (string, error) {
	p := searching[stub](f.caller, searchDoing, Query{}, 1, f.sender(ctx))
	if _, err := p.at(0); err != nil {
		return "", err
	}
	if !f.counts() {
		return fmt.Sprintf("Cloud SOAR at %s took the credentials", f.base.Host), nil
	}
	return fmt.Sprintf("Cloud SOAR at %s took the credentials; it holds %d emails", f.base.Host, p.total), nil
}
