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
type mark struct{ objects, ids, uids, filed int }

func (s *Result) mark() mark { return mark{s.Len(), len(s.ids), len(s.uids), len(s.filed)} }

// cut takes out of the result what came behind a mark. What the spool holds of it is never read.
func (s *Result) cut(m mark) {
	s.ids, s.uids, s.filed, s.spooled = s.ids[:m.ids], s.uids[:m.uids], s.filed[:m.filed], s.spooled[:m.objects]
}

// since returns the objects that came behind a mark, as they stand now.
func (s *Result) since(m mark) ([]Out, error) {
	if s.Len() == m.objects {
		return nil, nil
	}
	spool, err := s.spool()
	if err != nil {
		return nil, err
	}
	out := make([]Out, 0, s.Len()-m.objects)
	start := int64(0)
	if m.objects > 0 {
		start = s.spooled[m.objects-1].end
	}
	for i := m.objects; i < s.Len(); i++ {
		var b bytes.Buffer
		at := s.spooled[i]
		if err := writeObject(&b, spool, start, at, s.patches[i]); err != nil {
			return nil, err
		}
		out, start = append(out, Out{at.key, at.uid, b.Bytes()}), at.end
	}
	return out, nil
}
