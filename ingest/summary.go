package ingest

import (
	"cmp"
	"errors"
	"slices"
)

// Summary is what a run came to. Found is the sum of the counts below it.
type Summary struct {
	Found      int // emails that the fetch type selects
	Saved      int
	Existed    int // handed over again
	Failed     int // refused by Cloud SOAR for good
	LeftOut    int // by filters
	Settled    int // second copies, those that Cloud SOAR holds already, those that vanished
	Withheld   int // did not come: the next run asks again
	NotReached int // left to the next run

	Filters []FilterCount // those that left some out, most first
	HalfWay error         // why the run ended before it was through; nil: it did not
}

// FilterCount is how many emails a filter left out.
type FilterCount struct {
	Field string
	Count int
}

// Summary adds up the folders of the run.
func (s *Results) Summary() Summary {
	all := Summary{HalfWay: s.halfWay}
	counts := map[string]int{}
	for _, p := range s.parts {
		t := &p.r.tally
		all.Saved += t.saved
		all.Existed += t.existed
		all.Failed += t.failed
		all.LeftOut += t.leftSum()
		all.Settled += t.held + t.copies + t.vanished
		all.Withheld += t.missing
		all.NotReached += max(0, t.candidates-t.looked())
		all.HalfWay = errors.Join(all.HalfWay, p.halfWay)
		for _, l := range t.leftOut {
			counts[l.field] += l.n
		}
	}
	all.Found = all.Saved + all.Existed + all.Failed + all.LeftOut + all.Settled + all.Withheld + all.NotReached
	for field, n := range counts {
		all.Filters = append(all.Filters, FilterCount{field, n})
	}
	slices.SortFunc(all.Filters, func(a, b FilterCount) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Field, b.Field))
	})
	return all
}
