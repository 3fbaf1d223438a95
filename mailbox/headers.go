package mailbox

import (
	"context"
	"fmt"
	"strings"

	"example.org/imap-integration/mailbox/imapwire"
	"example.org/imap-integration/quote"
)

const (
	// headersAtOnce is how many emails' header fields one command asks for: a set of
	// as many UIDs fits a line.
	headersAtOnce = 500
	// maxFieldNames keeps the command line within what servers take.
	maxFieldNames = 200
	// largestHeader is the largest answer that is read at all; of it maxHeaderBlock is kept.
	largestHeader = 64 << 20
)

// Headers fetches the named header fields of these emails as they are. yield is
// called in UID order, once for each UID; an error of it ends the fetch and is
// returned. Of one email at most 1 MiB is kept. What yield gets is its own.
func (f *Folder) Headers(ctx context.Context, uids []UID, names []string, yield func(Head) error) error {
	section, err := fieldsSection(names)
	if err != nil {
		return f.fault(StageFetch, err)
	}
	r := newFetchRun(f)
	r.fields = section
	r.handHead = yield
	return r.all(ctx, [][]UID{imapwire.Ascending(uids)})
}

// fieldsSection is the section that holds the named fields.
func fieldsSection(names []string) (string, error) {
	if len(names) == 0 || len(names) > maxFieldNames {
		return "", fmt.Errorf("%d header fields asked for, which must be 1 to %d", len(names), maxFieldNames)
	}
	quoted := make([]string, len(names))
	for i, name := range names {
		// RFC 5322, section 2.2; a bracket would end the section for many parsers.
		if strings.ContainsFunc(name, func(c rune) bool { return c <= ' ' || c >= 0x7f || c == ':' || c == ']' }) || name == "" {
			return "", fmt.Errorf("%q is no name of a header field that can be asked for", quote.Line(name, imapwire.MaxTold))
		}
		quoted[i] = strings.ToUpper(name)
		if !imapwire.IsAtom(name) {
			quoted[i] = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(quoted[i]) + `"`
		}
	}
	return "BODY.PEEK[HEADER.FIELDS (" + strings.Join(quoted, " ") + ")]", nil
}

// settleHead yields the header fields of an email, asking again where they did not
// come: whether it is there, then alone for the fields, then for the whole header
// block. What did not come then is missing.
func (r *fetchRun) settleHead(ctx context.Context, b *batch, it *item) error {
	if it.body != nil {
		return r.deliverHead(it, Head{})
	}
	r.f.budget.setReady(false)
	if err := r.askThere(ctx, b); err != nil {
		return err
	}
	if !b.there[it.uid] {
		return r.deliverHead(it, Head{})
	}
	for _, section := range []string{r.fields, "BODY.PEEK[HEADER]"} {
		err := r.alone(ctx, it, fmt.Sprintf("UID FETCH %d (UID %s)", it.uid, section))
		if err != nil && kindOf(err) != ServerRefused {
			return err
		}
		if it.body != nil {
			return r.deliverHead(it, Head{})
		}
	}
	return r.deliverHead(it, Head{Missing: true})
}

// askThere asks once for a batch which of its emails are in the folder.
func (r *fetchRun) askThere(ctx context.Context, b *batch) error {
	if b.there != nil {
		return nil
	}
	there, err := r.f.searchOnce(ctx, Criteria{From: b.items[0].uid, To: b.items[len(b.items)-1].uid}, nil)
	if err != nil {
		return err
	}
	b.there = make(map[UID]bool, len(there))
	for _, uid := range there {
		b.there[uid] = true
	}
	return nil
}

// deliverHead passes header fields to the consumer, whose they are from then on.
func (r *fetchRun) deliverHead(it *item, head Head) error {
	head.UID = it.uid
	r.mu.Lock()
	if it.body != nil {
		head.Header = it.body.Bytes()
	}
	delete(r.items, it.uid)
	body := it.body
	it.body = nil
	r.mu.Unlock()
	defer body.Release()
	if err := r.handHead(head); err != nil {
		return errYield{err}
	}
	return nil
}
