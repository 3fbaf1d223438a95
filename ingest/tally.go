package ingest

import (
	"log/slog"
	"slices"
)

// tally is the sum of a run: every UID looked at is in exactly one of its counts.
type tally struct {
	candidates int
	saved      int
	existed    int
	failed     int
	held       int // Cloud SOAR holds it, not handed over again
	copies     int // second copies, acknowledged with the first
	vanished   int
	missing    int // there, but did not come: left to the next run
	leftOut    []leftCount
}

type leftCount struct {
	field string
	n     int
}

func (t *tally) left(field string) {
	for i := range t.leftOut {
		if t.leftOut[i].field == field {
			t.leftOut[i].n++
			return
		}
	}
	t.leftOut = append(t.leftOut, leftCount{field, 1})
}

func (t *tally) leftSum() int {
	n := 0
	for _, l := range t.leftOut {
		n += l.n
	}
	return n
}

// looked is how many emails are accounted for so far.
func (t *tally) looked() int {
	return t.saved + t.existed + t.failed + t.held + t.copies + t.vanished + t.missing + t.leftSum()
}

func (t *tally) count(log *slog.Logger, o object) {
	switch {
	case o.refused != "":
		t.failed++
		log.Error("failed for good: it stays in the mailbox", "uid", o.mail.UID, "reason", o.refused)
	case o.existed:
		t.existed++
		log.Info("handed over again: Cloud SOAR held it", "uid", o.mail.UID, "id", o.id)
	default:
		t.saved++
		log.Debug("saved", "uid", o.mail.UID, "id", o.id)
	}
}

// log writes the sum that ends each run's log.
func (t *tally) log(log *slog.Logger, s *Result) {
	args := []any{
		"looked_at", t.looked(), "delivered", t.saved, "existed", t.existed, "failed", t.failed, "left_out", t.leftSum(),
		"vanished", t.vanished, "second_copies", t.copies, "already_held", t.held, "not_given", t.missing, "not_reached", max(0, t.candidates-t.looked()), "objects", s.Len(),
	}
	slices.SortFunc(t.leftOut, func(a, b leftCount) int { return b.n - a.n })
	for _, l := range t.leftOut {
		args = append(args, "left_out_by_"+l.field, l.n)
	}
	log.Info("sum: looked_at = delivered + existed + failed + left_out + vanished + second_copies + already_held + not_given", args...)
}
