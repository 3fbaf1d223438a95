package mailbox

import (
	"context"
	"fmt"
	"strings"
	"sync"
)

const (
	// headersAtOnce is how many mails' header fields one command asks for.
	headersAtOnce = 500
	// maxFieldNames and the check of names keep the command line within what servers take.
	maxFieldNames = 200
)

// headRun is one call of Headers. It is the sink of the answers.
type headRun struct {
	f       *Folder
	section string
	mu      sync.Mutex
	heads   map[UID][]byte
}

// Headers fetches the named header fields of these mails, decoded by nobody.
// yield is called in UID order, once for each UID; an error of it ends the
// fetch and is returned. Of one mail at most 1 MiB is kept.
func (f *Folder) Headers(ctx context.Context, uids []UID, names []string, yield func(Head) error) error {
	section, err := fieldsSection(names)
	if err != nil {
		return f.fault(StageFetch, err)
	}
	r := &headRun{f: f, section: section, heads: map[UID][]byte{}}
	parts := chunks(ascending(uids), headersAtOnce)
	for len(parts) > 0 {
		ahead := parts[:min(window, len(parts))]
		parts = parts[len(ahead):]
		if err := f.attempt(ctx, StageFetch, 1, func(ctx context.Context) error { return r.fetch(ctx, ahead) }); err != nil {
			return err
		}
		if err := r.hand(ahead, yield); err != nil {
			return err
		}
	}
	return nil
}

// fieldsSection is the section that holds the named fields. Names go out as
// they are: what RFC 5322 allows in one is an atom of IMAP, or is quoted.
func fieldsSection(names []string) (string, error) {
	if len(names) == 0 || len(names) > maxFieldNames {
		return "", fmt.Errorf("%d header fields asked for, which must be 1 to %d", len(names), maxFieldNames)
	}
	quoted := make([]string, len(names))
	for i, name := range names {
		for j := range len(name) {
			if c := name[j]; c <= ' ' || c >= 0x7f || c == ':' || c == ']' {
				return "", fmt.Errorf("%q is no name of a header field that can be asked for", cut(name, maxTold))
			}
		}
		quoted[i] = strings.ToUpper(name)
		if !isAtom(name) {
			quoted[i] = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(strings.ToUpper(name)) + `"`
		}
	}
	return "BODY.PEEK[HEADER.FIELDS (" + strings.Join(quoted, " ") + ")]", nil
}

// fetch asks for several chunks at once, then again alone for what did not come.
func (r *headRun) fetch(ctx context.Context, parts [][]UID) error {
	s := r.f.s
	s.n.setSink(r)
	defer s.n.setSink(nil)
	stop := s.watch(ctx)
	defer stop()
	var sent []*pending
	for _, part := range parts {
		if missing := r.missing(part); len(missing) > 0 {
			sent = append(sent, s.n.send("UID FETCH "+compactSet(missing)+" (UID "+r.section+")", nil))
		}
	}
	var first error
	for _, p := range sent { // all of them, so that no answer is left on the way
		if _, err := s.await(p); err != nil && first == nil {
			first = err
		}
	}
	if first != nil && (!s.alive() || kindOf(first) != ServerRefused) {
		return first
	}
	for _, part := range parts {
		if err := r.fetchMissing(ctx, part); err != nil {
			return err
		}
	}
	return nil
}

// missing lists the mails of a chunk that have no answer.
func (r *headRun) missing(part []UID) []UID {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []UID
	for _, uid := range part {
		if r.heads[uid] == nil {
			out = append(out, uid)
		}
	}
	return out
}

// fetchMissing finds out which of the mails that had no answer are gone, and
// asks for each of the others alone: the fields, or else the whole header block.
func (r *headRun) fetchMissing(ctx context.Context, part []UID) error {
	missing := r.missing(part)
	if len(missing) == 0 {
		return nil
	}
	there, err := r.f.searchOnce(ctx, Criteria{From: missing[0], To: missing[len(missing)-1]}, nil)
	if err != nil {
		return err
	}
	for _, uid := range intersect(missing, there) {
		for _, section := range []string{r.section, "BODY.PEEK[HEADER]", "BODY.PEEK[HEADER]"} {
			if len(r.missing([]UID{uid})) == 0 {
				break
			}
			if err := r.one(uid, section); err != nil {
				return err
			}
		}
		if len(r.missing([]UID{uid})) > 0 {
			r.keep(uid, []byte{}) // it is there and has no header
		}
	}
	return nil
}

func (r *headRun) one(uid UID, section string) error {
	_, err := r.f.s.await(r.f.s.n.send(fmt.Sprintf("UID FETCH %d (UID %s)", uid, section), nil))
	if kindOf(err) == ServerRefused {
		return nil
	}
	return err
}

func (r *headRun) keep(uid UID, header []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.heads[uid] = header
}

// hand yields the chunks in order.
func (r *headRun) hand(parts [][]UID, yield func(Head) error) error {
	for _, part := range parts {
		for _, uid := range part {
			r.mu.Lock()
			header := r.heads[uid]
			delete(r.heads, uid)
			r.mu.Unlock()
			if err := yield(Head{uid, header}); err != nil {
				return err
			}
		}
	}
	return nil
}

// room implements [fetchSink].
func (r *headRun) room(f *fetched, n int64) (*body, error) {
	if !strings.HasPrefix(f.section, "HEADER") {
		return nil, nil
	}
	if limit := max(r.f.conf.MaxSize, 64*maxHeaderBlock); n > limit {
		return nil, errTooLarge{f.uid, n}
	}
	keep := min(n, maxHeaderBlock)
	return &body{data: make([]byte, keep), size: keep, excess: n - keep}, nil
}

// answer implements [fetchSink].
func (r *headRun) answer(f *fetched) {
	if f.uid == 0 || f.content != hasContent || f.body == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.heads[f.uid] == nil {
		r.heads[f.uid] = f.body.data
		r.f.s.n.quiet()
	}
}
