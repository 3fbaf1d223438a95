package actions

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"example.org/imap-integration/filters"
	"example.org/imap-integration/ingest"
	"example.org/imap-integration/mailbox"
	"example.org/imap-integration/message"
	"example.org/imap-integration/quote"
)

const (
	// mostCounted is how many of the newest candidates are decided (contract.md, section 3).
	mostCounted = 2000
	// mostTried is how many of the newest emails of the folder are tried where none is due,
	// and how many of those that come first are looked at for samples.
	mostTried = 200
	// bodyChunk is how many bodies are fetched between two looks at the clock.
	bodyChunk = 50
	// bodyTime is when counting by content stops with what it has, so that the step ends well within stepLimit.
	bodyTime    = 15 * time.Second
	mostSamples = 3
	sampleLimit = 250 // bytes of a subject shown
)

// tryFilters counts what the fetch type and the filters would take now.
func (s *settings) tryFilters(ctx context.Context, f *folders, store *store) {
	start := s.env.Now()
	if store == nil && s.options.FetchType == ingest.FromLatest {
		st := s.report.step(stepFilters)
		st.Status, st.Detail = stepSkipped, "what is new since the latest email in Cloud SOAR is not known, because Cloud SOAR could not be asked"
		return
	}
	err := s.count(ctx, f, store)
	took := s.env.Now().Sub(start)
	if err != nil {
		s.report.end(stepFilters, took, s.diagnose(err), err)
		return
	}
	s.report.end(stepFilters, took, s.report.funnel(), nil)
}

// count goes over the folders in turn; the newest 2,000 of all are decided.
func (s *settings) count(ctx context.Context, f *folders, store *store) error {
	t := s.tally()
	for _, name := range f.names {
		if err := f.Open(ctx, name); err != nil {
			return err
		}
		if err := s.countFolder(ctx, f.Folder, name, store, t); err != nil {
			return err
		}
	}
	s.report.Counted, s.report.Matching = t.counted, t.matching
	if s.report.Candidates == 0 {
		if err := s.tryOnNewest(ctx, f, t); err != nil {
			return err
		}
	}
	t.fill(s.report)
	return nil
}

func (s *settings) tally() *settingsTally {
	t := &settingsTally{conditions: s.options.Filter.Conditions(), limits: s.options.Limits, misses: newMisses(s.spec)}
	t.alone, t.kept = make([]int, len(t.conditions)), make([]int, len(t.conditions))
	return t
}

func (s *settings) countFolder(ctx context.Context, folder *mailbox.Folder, name string, store *store, t *settingsTally) error {
	unseen, err := folder.Unseen(ctx)
	if err != nil {
		return err
	}
	s.report.Mailbox.Unseen += unseen
	var known ingest.Store
	if store != nil {
		known = store
	}
	o := s.options
	o.Folder = name
	uids, err := ingest.Candidates(ctx, o, folder, known)
	if err != nil {
		return err
	}
	s.report.Candidates += len(uids)
	room, first := max(0, mostCounted-t.counted), t
	if len(uids) > room { // those that come first are not among the newest
		first = s.tally()
		if err := first.decide(ctx, folder, uids[:min(len(uids), mostTried)], s.options.Filter, s.env.Now); err != nil {
			return err
		}
	}
	err = t.decide(ctx, folder, uids[max(0, len(uids)-room):], s.options.Filter, s.env.Now)
	first.show(s.report)
	t.samples = nil // of the next folder
	return err
}

// tryOnNewest tries the filters on the newest emails of the first folder where none
// is due: a person wants to see that they keep what they are meant to.
func (s *settings) tryOnNewest(ctx context.Context, f *folders, t *settingsTally) error {
	if len(t.conditions) == 0 {
		return nil
	}
	if err := f.Open(ctx, f.names[0]); err != nil {
		return err
	}
	uids, err := f.Search(ctx, mailbox.Criteria{})
	if err != nil {
		return err
	}
	err = t.decide(ctx, f.Folder, uids[max(0, len(uids)-mostTried):], s.options.Filter, s.env.Now)
	s.report.tried = t.counted
	return err
}

// settingsTally counts what each filter keeps.
type settingsTally struct {
	conditions  []filters.Condition
	limits      message.Limits
	counted     int
	matching    int
	alone, kept []int
	samples     []sample
	misses      *misses
}

type sample struct {
	uid     mailbox.UID
	subject string
}

// decide looks at the emails: at none but the samples where no filter is set, at
// header fields where those decide, at whole emails where a filter asks for content.
func (t *settingsTally) decide(ctx context.Context, folder *mailbox.Folder, uids []mailbox.UID, f *filters.Filter, now func() time.Time) error {
	switch {
	case len(uids) == 0:
		return nil
	case len(t.conditions) == 0:
		t.counted, t.matching = t.counted+len(uids), t.matching+len(uids)
		shown := settingsTally{limits: t.limits}
		err := shown.byHeader(ctx, folder, uids[:min(len(uids), mostSamples)], f)
		t.samples = append(t.samples, shown.samples...)
		return err
	case !f.NeedsBody():
		return t.byHeader(ctx, folder, uids, f)
	default:
		return t.byContent(ctx, folder, uids, f, now)
	}
}

func (t *settingsTally) byHeader(ctx context.Context, folder *mailbox.Folder, uids []mailbox.UID, f *filters.Filter) error {
	names := f.HeaderNames()
	if !slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, "Subject") }) {
		names = append(slices.Clone(names), "Subject")
	}
	return folder.Headers(ctx, uids, names, func(h mailbox.Head) error {
		if d, there := ingest.DecideHead(f, h, t.limits); there {
			t.add(h.UID, d)
		}
		return nil
	})
}

// byContent goes from the newest email back until its time is up.
func (t *settingsTally) byContent(ctx context.Context, folder *mailbox.Folder, uids []mailbox.UID, f *filters.Filter, now func() time.Time) error {
	until := now().Add(bodyTime)
	for len(uids) > 0 && now().Before(until) {
		n := min(bodyChunk, len(uids))
		err := folder.Fetch(ctx, uids[len(uids)-n:], func(raw *mailbox.Raw) error {
			defer raw.Release()
			if d, came := ingest.Decide(f, raw, t.limits); came {
				t.add(raw.UID, d)
			}
			return nil
		})
		if err != nil {
			return err
		}
		uids = uids[:len(uids)-n]
	}
	return nil
}

// add counts what each filter says of one email.
func (t *settingsTally) add(uid mailbox.UID, d ingest.Decision) {
	t.counted++
	if t.misses != nil {
		t.misses.look(d.Message)
	}
	all := true
	for i, c := range t.conditions {
		keeps := d.Keeps(c)
		if keeps {
			t.alone[i]++
		}
		if all = all && keeps; all {
			t.kept[i]++
		}
	}
	if d.LeftOut != "" {
		return
	}
	t.matching++
	subject := ""
	if d.Message != nil {
		if values := d.Message.Header.Values("Subject"); len(values) > 0 {
			subject = values[0]
		}
	}
	t.samples = append(t.samples, sample{uid, quote.Line(subject, sampleLimit)})
}

// fill puts the figures of the filters into the report.
func (t *settingsTally) fill(r *settingsReport) {
	for i, c := range t.conditions {
		r.Filters = append(r.Filters, filterCount{c.Field, t.alone[i], t.kept[i]})
	}
	r.misses = t.misses.sentences()
}

// show adds samples to the report, as far as there is room: those that would come first.
func (t *settingsTally) show(r *settingsReport) {
	slices.SortFunc(t.samples, func(a, b sample) int { return cmp.Compare(a.uid, b.uid) })
	for _, s := range t.samples[:min(len(t.samples), mostSamples-len(r.Samples))] {
		r.Samples = append(r.Samples, s.subject)
	}
}

// funnel says how the filters narrow: "1,240 emails are due; from leaves 310, subject 44".
func (r *settingsReport) funnel() string {
	var b strings.Builder
	switch {
	case r.tried > 0:
		fmt.Fprintf(&b, "no email is due; the filters were tried on the newest %s of the folder", counted(r.tried, "email", "emails"))
	case r.Candidates == 0:
		return "no email is due"
	case r.Candidates == 1:
		b.WriteString("1 email is due")
	default:
		fmt.Fprintf(&b, "%s emails are due", number(r.Candidates))
	}
	if r.Counted < r.Candidates {
		fmt.Fprintf(&b, "; the filters were tried on the newest %s", number(r.Counted))
	}
	for i, f := range r.Filters {
		if i == 0 {
			fmt.Fprintf(&b, "; %s leaves %s", f.Field, number(f.Kept))
		} else {
			fmt.Fprintf(&b, ", %s %s", f.Field, number(f.Kept))
		}
	}
	return joinSentences(b.String(), r.misses)
}
