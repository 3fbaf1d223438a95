package mailbox

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"example.org/imap-integration/mailbox/imapwire"
	"example.org/imap-integration/quote"
)

const (
	// headersAtOnce is how many mails' header fields one command asks for.
	headersAtOnce = 500
	// maxFieldNames keeps the command line within what servers take.
	maxFieldNames = 200
	// largestHeader is the largest answer that is read at all; of it maxHeaderBlock is kept.
	largestHeader = 64 << 20
)

// headRun is one call of Headers. It is the sink of the answers.
type headRun struct {
	f       *Folder
	section string
	yield   func(Head) error

	mu     sync.Mutex
	wanted map[UID]bool   // asked for and not yielded
	heads  map[UID][]byte // come and not yielded
	next   UID            // the next to be yielded
	news   chan struct{}  // something came for next
}

// headPart is one FETCH of header fields.
type headPart struct {
	uids  []UID
	sent  *imapwire.Command
	ended bool
	there map[UID]bool // which of those that were not answered are in the folder; nil: not asked
}

// Headers fetches the named header fields of these mails as they are. yield is
// called in UID order, once for each UID; an error of it ends the fetch and is
// returned. Of one mail at most 1 MiB is kept.
func (f *Folder) Headers(ctx context.Context, uids []UID, names []string, yield func(Head) error) error {
	section, err := fieldsSection(names)
	if err != nil {
		return f.fault(StageFetch, err)
	}
	f.budget.start()
	r := &headRun{
		f: f, section: section, yield: yield,
		wanted: map[UID]bool{}, heads: map[UID][]byte{}, news: make(chan struct{}, 1),
	}
	left := imapwire.Ascending(uids)
	err = f.attempt(ctx, StageFetch, 1, func(ctx context.Context) (err error) {
		left, err = r.stream(ctx, left)
		return err
	})
	f.budget.stop()
	f.s.drain(drainGrace)
	f.s.n.SetSink(nil)
	r.forget()
	var ended errYield
	if errors.As(err, &ended) {
		return ended.error
	}
	return err
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

// stream fetches and yields in order. It returns what was not yielded.
func (r *headRun) stream(ctx context.Context, left []UID) ([]UID, error) {
	r.f.s.n.SetSink(r)
	r.want(left)
	planned := imapwire.Chunks(left, headersAtOnce)
	var flight []*headPart
	for len(left) > 0 {
		for ; len(planned) > 0 && len(flight) < window; planned = planned[1:] {
			flight = append(flight, r.launch(planned[0]))
		}
		for _, uid := range flight[0].uids {
			head, err := r.await(ctx, uid, flight[0])
			if err != nil {
				return left, err
			}
			left = left[1:]
			if err := r.hand(head); err != nil {
				return left, err
			}
		}
		flight = flight[1:]
	}
	return nil, nil
}

func (r *headRun) want(uids []UID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, uid := range uids {
		r.wanted[uid] = true
	}
}

// launch asks for the mails of a part that have not come yet.
func (r *headRun) launch(uids []UID) *headPart {
	r.mu.Lock()
	missing := slices.DeleteFunc(slices.Clone(uids), func(u UID) bool { return r.heads[u] != nil })
	r.mu.Unlock()
	p := &headPart{uids: uids, ended: len(missing) == 0}
	if !p.ended {
		p.sent = r.f.s.n.Send("UID FETCH "+imapwire.Set(missing)+" (UID "+r.section+")", nil)
	}
	return p
}

// await returns the header of the email that is next.
func (r *headRun) await(ctx context.Context, uid UID, p *headPart) (Head, error) {
	for {
		if head := r.take(uid); head != nil {
			return Head{UID: uid, Header: head}, nil
		}
		if p.ended {
			return r.again(ctx, uid, p)
		}
		select {
		case <-ctx.Done():
			return Head{}, context.Cause(ctx)
		case <-r.news:
		case answer, ok := <-p.sent.Done():
			p.ended = true
			if err := r.ended(answer, ok); err != nil {
				return Head{}, err
			}
		}
	}
}

// ended judges the end of a part. After a refusal that does not pass, each mail is asked for alone.
func (r *headRun) ended(answer imapwire.StatusResponse, ok bool) error {
	if !ok {
		return r.f.s.broken()
	}
	if answer.Status != "OK" && temporary(answer) {
		return imapwire.Refusal{StatusResponse: answer}
	}
	return nil
}

// take makes uid the next one, and returns its header where it has come.
func (r *headRun) take(uid UID) []byte {
	r.mu.Lock()
	r.next = uid
	head := r.heads[uid]
	r.mu.Unlock()
	r.f.budget.setReady(head != nil)
	return head
}

// again asks for an email that was not answered: whether it is there, then alone
// for the fields, then for the whole header block. What did not come then is missing.
func (r *headRun) again(ctx context.Context, uid UID, p *headPart) (Head, error) {
	if p.there == nil {
		if err := r.askThere(ctx, p); err != nil {
			return Head{}, err
		}
	}
	if !p.there[uid] {
		return Head{UID: uid}, nil
	}
	for _, section := range []string{r.section, "BODY.PEEK[HEADER]"} {
		command := fmt.Sprintf("UID FETCH %d (UID %s)", uid, section)
		if _, err := r.f.s.awaitUntil(ctx, r.f.s.n.Send(command, nil)); err != nil && kindOf(err) != ServerRefused {
			return Head{}, err
		}
		if head := r.take(uid); head != nil {
			return Head{UID: uid, Header: head}, nil
		}
	}
	return Head{UID: uid, Missing: true}, nil
}

func (r *headRun) askThere(ctx context.Context, p *headPart) error {
	there, err := r.f.searchOnce(ctx, Criteria{From: p.uids[0], To: p.uids[len(p.uids)-1]}, nil)
	p.there = map[UID]bool{}
	for _, uid := range there {
		p.there[uid] = true
	}
	return err
}

func (r *headRun) hand(head Head) error {
	uid := head.UID
	r.mu.Lock()
	if kept := r.heads[uid]; kept != nil {
		defer r.f.budget.give(int64(len(kept)))
	}
	delete(r.heads, uid)
	delete(r.wanted, uid)
	r.mu.Unlock()
	if err := r.yield(head); err != nil {
		return errYield{err}
	}
	return nil
}

// forget gives back what was not yielded.
func (r *headRun) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, head := range r.heads {
		r.f.budget.give(int64(len(head)))
	}
	r.heads = nil
}

// room implements [fetchSink].
func (r *headRun) Room(f *imapwire.FetchResponse, n int64) (*imapwire.Literal, error) {
	if !strings.HasPrefix(f.Section, "HEADER") {
		return nil, nil
	}
	if n > largestHeader {
		return nil, errTooLarge{f.UID, n, f.Size}
	}
	keep := min(n, maxHeaderBlock)
	if err := r.f.budget.take(keep); errors.Is(err, errInterrupted) {
		return nil, nil // nobody takes it any more
	} else if err != nil {
		return nil, err
	}
	return imapwire.NewKeptLiteral(n, keep, func() { r.f.budget.give(keep) }), nil
}

// answer implements [fetchSink].
func (r *headRun) Response(f *imapwire.FetchResponse) {
	if f.Literal == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.wanted[f.UID] || r.heads[f.UID] != nil {
		f.Literal.Release()
		return
	}
	r.heads[f.UID] = f.Literal.Bytes() // what it cost is given back when it is yielded
	r.f.s.n.Quiet()
	if f.UID != r.next {
		return
	}
	r.f.budget.setReady(true)
	select {
	case r.news <- struct{}{}:
	default:
	}
}
