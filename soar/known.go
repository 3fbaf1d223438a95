package soar

import (
	"context"
	"slices"
	"time"
)

// rangePages bounds how many records are looked at by date: the search is for copies
// that were moved away and back, and must not cost more than a constant.
const rangePages = 3

// Known returns id by source_key of the records that the store may hold already of
// these emails. It spares a store that ignores Idempotency-Key a second record:
// the newest records of the account and folder, page by page as long as the emails'
// own UIDs turn up in them, and the account's records of the same time, where an email
// that was moved away and back has a new UID and perhaps another folder.
func (f finder) Known(ctx context.Context, k Candidates) (map[string]ID, error) {
	found := map[string]stub{}
	p := searching[stub](f.caller, "look for emails that are saved already", Query{MailboxAccount: k.MailboxAccount, Folder: k.Folder}, pageSize, f.sender(ctx))
	err := p.walk(func(page []stub) bool {
		remember(found, page)
		return p.distrust(page, k.MailboxAccount, k.Folder) || k.within(page)
	})
	if err != nil || k.Oldest.IsZero() || k.Newest.IsZero() {
		return idsOf(found), err
	}
	err = f.knownByDate(ctx, k, found)
	return idsOf(found), err
}

func (f finder) knownByDate(ctx context.Context, k Candidates, found map[string]stub) error {
	q := Query{MailboxAccount: k.MailboxAccount, ReceivedAfter: k.Oldest, ReceivedBefore: k.Newest}
	p := searching[stub](f.caller, "look for emails that are saved already", q, pageSize, f.sender(ctx))
	pages := 0
	return p.walk(func(page []stub) bool {
		pages++
		remember(found, page)
		return pages < rangePages
	})
}

// remember keeps the record that was made first of each key.
func remember(found map[string]stub, page []stub) {
	for _, r := range page {
		if first, ok := found[r.SourceKey]; r.SourceKey != "" && (!ok || compareAge(r, first) < 0) {
			found[r.SourceKey] = r
		}
	}
}

func idsOf(found map[string]stub) map[string]ID {
	ids := make(map[string]ID, len(found))
	for key, r := range found {
		ids[key] = r.ID
	}
	return ids
}

// within reports whether one of these records is of one of the emails' UIDs.
func (k Candidates) within(page []stub) bool {
	return slices.ContainsFunc(page, func(r stub) bool {
		_, found := slices.BinarySearch(k.UIDs, r.UID)
		return found && r.UIDValidity == k.UIDValidity
	})
}

// distrust reports whether the store does not sort, or lists what was not asked
// for; then every page has to be looked at.
func (p *pager[T]) distrust(page []stub, account, folder string) bool {
	q := Query{MailboxAccount: account, Folder: folder}
	if !p.wild && !slices.ContainsFunc(page, func(r stub) bool { return !q.owns(r) }) {
		return false
	}
	p.c.warn("Cloud SOAR does not sort or filter emails.search as asked; all of its emails are looked through", "host", p.c.base.Host)
	return true
}

func (q Query) owns(r stub) bool {
	return q.matches(Record{Metadata: Metadata{Mail: Mail{MailboxAccount: r.MailboxAccount, Folder: r.Folder}}})
}

// Newest tells where the store stands with an account and folder, from its newest
// 100 records of them.
func (f finder) Newest(ctx context.Context, account, folder string, uidValidity uint32) (Mark, error) {
	q := Query{MailboxAccount: account, Folder: folder}
	p := searching[stub](f.caller, "ask for the newest email of "+quoted(account), q, pageSize, f.sender(ctx))
	var own []stub
	err := p.walk(func(page []stub) bool {
		more := p.distrust(page, account, folder)
		for _, r := range page {
			if q.owns(r) {
				own = append(own, r)
			}
		}
		// Sorted but not filtered: a hundred of ours are enough. Not sorted: the newest may be anywhere.
		return more && (p.wild || len(own) < pageSize)
	})
	if err != nil {
		return Mark{}, err
	}
	slices.SortStableFunc(own, func(a, b stub) int { return compareAge(b, a) })
	return mark(own[:min(len(own), pageSize)], uidValidity), nil
}

// mark sums up records, newest first, as Mark says.
func mark(newest []stub, uidValidity uint32) Mark {
	m := Mark{Records: len(newest)}
	if len(newest) == 0 {
		return m
	}
	m.UIDValidity = newest[0].UIDValidity
	if slices.ContainsFunc(newest, func(r stub) bool { return r.UIDValidity == uidValidity }) {
		m.UIDValidity = uidValidity
	}
	for _, r := range newest {
		if r.UIDValidity == m.UIDValidity {
			m.UID = max(m.UID, r.UID)
		}
		if at, err := time.Parse(time.RFC3339, r.ReceivedAt); err == nil {
			m.Received(at)
		}
	}
	return m
}
