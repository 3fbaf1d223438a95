package mailbox

import (
	"bytes"
	"slices"
	"strings"
)

// deliver yields an email that came.
func (r *fetchRun) deliver(it *item) error {
	limit := r.f.conf.MaxSize
	if it.header || int64(len(it.body.Bytes())) > limit {
		head := bytes.Clone(headerBlock(it.body.Bytes()))
		it.body.Release()
		it.body = nil
		r.f.sizesFirst = true
		return r.hand(it, &Raw{Outcome: TooLarge, Size: max(r.sizeOf(it), limit+1), Body: head})
	}
	body := it.body
	it.body = nil
	if it.doubted == len(body.Bytes()) {
		r.f.wholeParts = true
	}
	budget := r.f.budget
	budget.lend()
	return r.hand(it, &Raw{Outcome: Whole, Size: int64(len(body.Bytes())), Body: body.Bytes(), release: func() {
		body.Release()
		budget.returned()
	}})
}

// hand completes a Raw and passes it to the consumer.
func (r *fetchRun) hand(it *item, raw *Raw) error {
	r.mu.Lock()
	raw.UID, raw.Flags, raw.InternalDate = it.uid, it.flags, it.date
	raw.Problems = it.notes
	delete(r.items, it.uid)
	r.mu.Unlock()
	if err := r.yield(raw); err != nil {
		return errYield{err}
	}
	return nil
}

// Release gives the memory of Body back. It may be called more than once, and
// must be called once for every Raw.
func (r *Raw) Release() {
	if r.release != nil {
		r.release()
		r.release, r.Body = nil, nil
	}
}

// headerBlock is everything up to and including the empty line; all of an email without one.
func headerBlock(mail []byte) []byte {
	for at := 0; at < len(mail); {
		end := bytes.IndexByte(mail[at:], '\n')
		if end < 0 {
			break
		}
		line := mail[at : at+end]
		at += end + 1
		if len(line) == 0 || len(line) == 1 && line[0] == '\r' {
			return mail[:at]
		}
	}
	return mail
}

// isPlaceholder recognises the text that Exchange sends for an email that it
// cannot convert. It is asked for again once; what comes then counts.
func (r *fetchRun) isPlaceholder(it *item) bool {
	const most = 64 << 10 // they are short
	if len(it.body.Bytes()) > most || it.tries > 0 {
		return false
	}
	return r.placeholder(it.body.Bytes())
}

func (r *fetchRun) placeholder(mail []byte) bool {
	for _, text := range slices.Concat(r.f.s.provider.placeholder, r.f.s.believed.placeholder) {
		if bytes.Contains(mail, []byte(text)) || strings.Contains(string(mail), strings.ReplaceAll(text, "'", "’")) {
			return true
		}
	}
	return false
}
