package ingest

import (
	"bytes"

	"example.org/imap-integration/mailbox"
)

// Batch is what came of a batch of emails, for a store that keeps the objects and
// the checkpoint itself.
type Batch struct {
	Out        []Out
	Checkpoint string // behind the batch; "": as it was
}

// Out is an object of a batch.
type Out struct {
	Key  string // source_key; "" where nothing is known of the content
	UID  mailbox.UID
	JSON []byte // see [Object]
}

// mark is how far a result has come.
type mark struct{ objects, ids, uids, filed, notes int }

func (s *Result) mark() mark {
	return mark{s.Len(), len(s.ids), len(s.uids), len(s.filed), len(s.notes.entries)}
}

// cut takes out of the result what came behind a mark. What the spool holds of it is never read.
func (s *Result) cut(m mark) {
	s.notes.entries = s.notes.entries[:m.notes]
	s.ids, s.uids, s.filed, s.spooled = s.ids[:m.ids], s.uids[:m.uids], s.filed[:m.filed], s.spooled[:m.objects]
}

// since returns the objects that came behind a mark, as they stand now.
func (s *Result) since(m mark) (out []Out, err error) {
	err = s.each(m.objects, func(o Out) error {
		out = append(out, o)
		return nil
	})
	return out, err
}

// each yields the objects from one on, as they stand now.
func (s *Result) each(from int, yield func(Out) error) error {
	if s.Len() == from {
		return nil
	}
	spool, err := s.spool()
	if err != nil {
		return err
	}
	start := int64(0)
	if from > 0 {
		start = s.spooled[from-1].end
	}
	for i := from; i < s.Len(); i++ {
		var b bytes.Buffer
		at := s.spooled[i]
		err := newObjectWriter(&b, spool).write(start, at, s.patches[i])
		if err == nil {
			err = yield(Out{at.key, at.uid, b.Bytes()})
		}
		if err != nil {
			return err
		}
		start = at.end
	}
	return nil
}

// Each yields the objects of all folders, for a caller that hands them over one by
// one. An error of yield ends it.
func (s *Results) Each(yield func(Out) error) error {
	for _, p := range s.parts {
		if err := p.each(0, yield); err != nil {
			return err
		}
	}
	return nil
}
