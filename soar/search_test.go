package soar_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"example.org/imap-integration/message"
	"example.org/imap-integration/soar"
)

// fill stores n emails by hand: ids from 42, UIDs from 1.
func (f *fake) fill(n int, change ...func(i int, m *soar.Metadata)) {
	for i := range n {
		m := draft(i + 1).Metadata
		for _, c := range change {
			c(i, &m)
		}
		f.put(m, nil)
	}
}

func ids(records []soar.Record) []int64 {
	list := make([]int64, 0, len(records))
	for _, r := range records {
		n, _ := r.ID.Number()
		list = append(list, n)
	}
	return list
}

// newest are the ids that the window of a list of n emails must hold, newest first.
func newest(n, offset, count int) []int64 {
	list := []int64{}
	for i := offset; i < min(n, offset+count); i++ {
		list = append(list, int64(42+n-1-i))
	}
	return list
}

// Whatever the store does with sorting, filters and page sizes, a page is the same.
func TestSearchPages(t *testing.T) {
	no := false
	for name, ignores := range map[string][]string{
		"as documented": nil, "no sorting": {"sort"}, "no filters": {"filter"}, "neither": {"sort", "filter"}, "discarded ignored": {"discarded"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.f.ignores = ignores
			r.f.fill(130)
			r.f.fill(130, func(_ int, m *soar.Metadata) { m.MailboxAccount = "other@example.com" })
			for i := range 130 { // every third of ours is discarded
				r.f.records[i].Discarded = i%3 == 0
			}
			var want []int64
			for i := 129; i >= 0; i-- {
				if i%3 != 0 {
					want = append(want, int64(42+i))
				}
			}
			for _, w := range []struct{ size, number int }{{100, 1}, {10, 1}, {1, 1}, {1, 86}, {7, 3}, {60, 2}, {1000, 1}, {1000, 2}, {50, 2}, {0, 0}, {30, 3}} {
				page, err := r.Search(t.Context(), soar.Query{MailboxAccount: "soc@example.com", Discarded: &no, PageSize: w.size, PageNumber: w.number})
				if err != nil {
					t.Fatal(err)
				}
				size, number := max(w.size, 1), max(w.number, 1)
				if w.size == 0 {
					size = 100
				}
				from := min((number-1)*size, len(want))
				to := min(from+size, len(want))
				if got := ids(page.Records); !slices.Equal(got, append([]int64{}, want[from:to]...)) || page.Total != len(want) {
					t.Errorf("size %d, page %d: total %d, %v, want %v", w.size, w.number, page.Total, got, want[from:to])
				}
			}
			if (len(ignores) > 0) != strings.Contains(r.log.String(), "does not sort or filter") {
				t.Errorf("the log: %s", r.log)
			}
		})
	}
}

func TestSearchFilters(t *testing.T) {
	for _, ignores := range [][]string{nil, {"filter"}} {
		r := newRig(t)
		r.f.ignores = ignores
		r.f.fill(30)
		r.f.records[7].From = "Carol@Three.example"
		at := func(s string) time.Time {
			m, err := time.Parse(time.RFC3339, s)
			if err != nil {
				t.Fatal(err)
			}
			return m
		}
		for name, tc := range map[string]struct {
			q    soar.Query
			want []int64
		}{
			"from":    {soar.Query{From: "carol@three"}, []int64{49}},
			"subject": {soar.Query{Subject: "MAIL 30"}, []int64{71}},
			"range":   {soar.Query{ReceivedAfter: at("2026-09-01T00:00:05Z"), ReceivedBefore: at("2026-09-01T02:00:07+02:00")}, []int64{48, 47, 46}},
			"key":     {soar.Query{SourceKey: draft(3).SourceKey}, []int64{44}},
			"nothing": {soar.Query{Folder: "Archive"}, []int64{}},
		} {
			page, err := r.Search(t.Context(), tc.q)
			if err != nil || !slices.Equal(ids(page.Records), tc.want) || page.Total != len(tc.want) {
				t.Errorf("%s, ignoring %v: %v, total %d, %v", name, ignores, ids(page.Records), page.Total, err)
			}
		}
	}
}

// A page over 32 MiB is asked again at half the size; nothing is left out or doubled.
func TestSearchLargePages(t *testing.T) {
	if testing.Short() {
		t.Skip("reads a hundred megabytes of JSON")
	}
	r := newRig(t, func(c *soar.Config) { c.Timeout = 60 * time.Second })
	large := strings.Repeat("x", 1<<20)
	var sizes []int
	r.f.fault("emails.search", 99, func(w http.ResponseWriter, _ *http.Request, _ func() (int, any)) {
		size, number := r.f.asked()
		sizes = append(sizes, size)
		fmt.Fprint(w, `{"total":36,"results":[`)
		for i := (number - 1) * size; i < min(number*size, 36); i++ {
			fmt.Fprintf(w, `%s{"id":%d,"subject":"%s"}`, strings.Repeat(",", min(i-(number-1)*size, 1)), 77-i, large)
		}
		fmt.Fprint(w, `]}`)
	})
	page, err := r.Search(t.Context(), soar.Query{PageSize: 35})
	if err != nil || !slices.Equal(ids(page.Records), newest(36, 0, 35)) || page.Total != 36 {
		t.Errorf("%v, %v", ids(page.Records), err)
	}
	same(t, "page sizes", fmt.Sprint(sizes), "[35 18 18]")
}

// A store may answer fewer a page than asked.
func TestSearchSmallerPages(t *testing.T) {
	r := newRig(t)
	r.f.fill(130)
	r.f.fault("emails.search", 99, func(w http.ResponseWriter, req *http.Request, _ func() (int, any)) {
		size, n := r.f.asked()
		var list []any
		for i := len(r.f.records) - 1; i >= 0; i-- {
			list = append(list, r.f.records[i].Record)
		}
		answer(w, 200, page(list, fmt.Sprint(min(size, 40)), fmt.Sprint(n)))
	})
	page, err := r.Search(t.Context(), soar.Query{PageSize: 1000})
	if err != nil || !slices.Equal(ids(page.Records), newest(130, 0, 130)) {
		t.Errorf("%v, %v", ids(page.Records), err)
	}
	page, err = r.Search(t.Context(), soar.Query{PageSize: 100, PageNumber: 2})
	if err != nil || !slices.Equal(ids(page.Records), newest(130, 100, 100)) {
		t.Errorf("the second page: %v, %v", ids(page.Records), err)
	}
}

// What a search says: documented keys only, dates in RFC 3339.
func TestSearchOnTheWire(t *testing.T) {
	r := newRig(t)
	_, err := r.Search(t.Context(), soar.Query{From: "a", ReceivedAfter: time.Date(2026, 9, 1, 2, 0, 0, 0, time.FixedZone("", 7200))})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "the request", fmt.Sprint(r.f.requests[0].search),
		"map[filter:map[from:a received_after:2026-09-01T00:00:00Z] page_number:1 page_size:100 sort:-id]")
}

func TestSearchUnexpected(t *testing.T) {
	for _, body := range []string{`{}`, `{"results":null,"total":1}`, `{"results":[]}`, `{"results":[{"id":0}],"total":1}`, `{"results":{},"total":1}`, `[]`, ``} {
		r := newRig(t)
		r.f.fault("*", 9, text(200, "application/json", body))
		_, err := r.Search(t.Context(), soar.Query{})
		wants(t, err, "search the emails", "200")
		same(t, "requests for "+body, len(r.f.requests), 1)
	}
	r := newRig(t)
	r.f.endless()
	_, err := r.Search(t.Context(), soar.Query{})
	wants(t, err, "10000", "sort or filter")
}

// asked are page_size and page_number of the last search.
func (f *fake) asked() (size, number int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	last := f.requests[len(f.requests)-1].search
	return int(last["page_size"].(float64)), int(last["page_number"].(float64))
}

// endless makes searches list 20,000 records of somebody else, the oldest first.
func (f *fake) endless() {
	f.fault("emails.search", 1000, func(w http.ResponseWriter, _ *http.Request, _ func() (int, any)) {
		size, number := f.asked()
		var list []any
		for i := range size {
			list = append(list, map[string]any{"id": (number-1)*size + i + 1})
		}
		answer(w, 200, map[string]any{"results": list, "total": 20_000})
	})
}

func TestByKey(t *testing.T) {
	for _, ignores := range [][]string{nil, {"filter"}, {"filter", "sort"}} {
		r := newRig(t)
		r.f.ignores = ignores
		r.f.fill(250)
		r.f.put(draft(7).Metadata, nil) // a second one of the same key
		got, ok, err := r.ByKey(t.Context(), draft(7).SourceKey)
		if err != nil || !ok || got.SourceKey != draft(7).SourceKey {
			t.Errorf("ignoring %v: %v %v %v", ignores, got.ID, ok, err)
		}
		_, ok, err = r.ByKey(t.Context(), draft(900).SourceKey)
		if err != nil || ok {
			t.Errorf("an unknown key, ignoring %v: %v %v", ignores, ok, err)
		}
	}
}

func TestNewest(t *testing.T) {
	old := func(i int, m *soar.Metadata) { m.UIDValidity, m.UID = 8, message.UID(i+1000) }
	foreign := func(_ int, m *soar.Metadata) { m.Folder = "Archive" }
	last := time.Date(2026, 9, 1, 0, 2, 10, 0, time.UTC) // of 130
	for name, tc := range map[string]struct {
		fill     func(f *fake)
		validity uint32
		want     soar.Mark
	}{
		"first run":               {func(*fake) {}, 9, soar.Mark{}},
		"130 emails":              {func(f *fake) { f.fill(130) }, 9, soar.Mark{Records: 100, UIDValidity: 9, UID: 130, ReceivedAt: last}},
		"others are newer":        {func(f *fake) { f.fill(130); f.fill(120, foreign) }, 9, soar.Mark{Records: 100, UIDValidity: 9, UID: 130, ReceivedAt: last}},
		"a few":                   {func(f *fake) { f.fill(3) }, 9, soar.Mark{Records: 3, UIDValidity: 9, UID: 3, ReceivedAt: last.Add(-127 * time.Second)}},
		"UIDVALIDITY unknown":     {func(f *fake) { f.fill(130) }, 10, soar.Mark{Records: 100, UIDValidity: 9, UID: 130, ReceivedAt: last}},
		"UIDVALIDITY of before":   {func(f *fake) { f.fill(50, old); f.fill(30) }, 8, soar.Mark{Records: 80, UIDValidity: 8, UID: 1049, ReceivedAt: last.Add(-80 * time.Second)}},
		"the UIDVALIDITY of late": {func(f *fake) { f.fill(50, old); f.fill(30) }, 9, soar.Mark{Records: 80, UIDValidity: 9, UID: 30, ReceivedAt: last.Add(-80 * time.Second)}},
		"no date": {
			func(f *fake) { f.fill(1, func(_ int, m *soar.Metadata) { m.ReceivedAt = "" }) }, 9,
			soar.Mark{Records: 1, UIDValidity: 9, UID: 1},
		},
	} {
		for _, ignores := range [][]string{nil, {"sort"}, {"filter"}, {"sort", "filter"}} {
			r := newRig(t)
			r.f.ignores = ignores
			tc.fill(r.f)
			got, err := r.Newest(t.Context(), "soc@example.com", "INBOX", tc.validity)
			if err != nil || !got.ReceivedAt.Equal(tc.want.ReceivedAt) {
				t.Errorf("%s, ignoring %v: %+v, %v", name, ignores, got, err)
			}
			want := tc.want
			if got.Oldest.After(got.ReceivedAt) || got.Oldest.IsZero() != got.ReceivedAt.IsZero() {
				t.Errorf("%s, ignoring %v: the oldest is of %v, the latest of %v", name, ignores, got.Oldest, got.ReceivedAt)
			}
			got.ReceivedAt, want.ReceivedAt, got.Oldest = time.Time{}, time.Time{}, time.Time{}
			same(t, fmt.Sprintf("%s, ignoring %v", name, ignores), got, want)
			if ignores == nil {
				same(t, "requests", len(r.f.requests), 1)
			}
		}
	}
}

func TestNewestGivesUp(t *testing.T) {
	r := newRig(t)
	r.f.endless()
	_, err := r.Newest(t.Context(), "soc@example.com", "INBOX", 9)
	wants(t, err, "newest email", "soc@example.com", "20000", "10000")
}

func TestKnown(t *testing.T) {
	candidates := func(from, to int) soar.Candidates {
		k := soar.Candidates{MailboxAccount: "soc@example.com", Folder: "INBOX", UIDValidity: 9}
		for i := from; i <= to; i++ {
			k.UIDs = append(k.UIDs, message.UID(i))
		}
		return k
	}
	moved := func(i int, m *soar.Metadata) { m.Folder, m.UID = "Archive", message.UID(i+5000) }
	for name, tc := range map[string]struct {
		fill     func(f *fake)
		k        soar.Candidates
		dates    bool
		known    []int // emails of draft that must be known
		requests int
	}{
		"nothing there": {func(*fake) {}, candidates(1, 5), true, nil, 2},
		"new emails":    {func(f *fake) { f.fill(300) }, candidates(301, 1300), false, []int{201, 300}, 1},
		"a poll":        {func(f *fake) { f.fill(300) }, candidates(301, 303), true, nil, 2},
		"250 are there": {func(f *fake) { f.fill(1000) }, candidates(751, 1100), false, []int{751, 1000}, 4},
		"moved and back": {func(f *fake) {
			f.fill(3, moved)
			f.fill(200, func(i int, m *soar.Metadata) { *m = draft(i + 100).Metadata })
		}, candidates(1, 3), true, []int{1, 2, 3}, 2},
		"discarded counts": {func(f *fake) { f.fill(3); f.records[1].Discarded = true }, candidates(1, 3), false, []int{1, 2, 3}, 1},
	} {
		for _, ignores := range [][]string{nil, {"sort", "filter"}} {
			r := newRig(t)
			r.f.ignores = ignores
			tc.fill(r.f)
			k := tc.k
			if tc.dates {
				k.Oldest = time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)
				k.Newest = k.Oldest.Add(5 * time.Second)
			}
			got, err := r.Known(t.Context(), k)
			if err != nil {
				t.Fatal(err)
			}
			for _, n := range tc.known {
				if got[draft(n).SourceKey] == "" {
					t.Errorf("%s, ignoring %v: mail %d is not known among %d", name, ignores, n, len(got))
				}
			}
			if ignores == nil {
				same(t, name+": requests", len(r.f.requests), tc.requests)
			}
		}
	}
}
