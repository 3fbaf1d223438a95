package soar

import (
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
)

const (
	pageSize = 100    // the most that a list answers
	fewest   = 10     // asked for even where fewer are wanted: one record alone does not show whether a store sorts
	walkMost = 10_000 // records that are looked through when a store does not sort or filter as asked
)

func (r Record) name() ID            { return r.ID }
func (r Record) created() string     { return r.CreatedAt }
func (s stub) name() ID              { return s.ID }
func (s stub) created() string       { return s.CreatedAt }
func (f IncidentFile) name() ID      { return f.ID }
func (IncidentFile) created() string { return "" }

// list is the wire form of every list.
type list[T aged] struct {
	Results *[]T `json:"results"`
	Total   *int `json:"total"`
}

// pager reads one list by offset, whatever page size the store takes.
type pager[T aged] struct {
	c     *caller
	ask   func(size, number int) *request
	send  sender
	size  int  // asked for; halves when a page is too large
	total int  // as the store last said
	start int  // offset of the last page's first result
	raw   int  // results of the last page from the offset asked for on, doubled ones included
	wild  bool // ids did not come newest first
	last  *T
	seen  map[ID]bool
}

func newPager[T aged](c *caller, size int, send sender, ask func(size, number int) *request) *pager[T] {
	return &pager[T]{c: c, ask: ask, send: send, size: min(max(size, fewest), pageSize), seen: map[ID]bool{}}
}

// at asks for the page that holds an offset and returns those of its results that
// have not been returned before, also the ones in front of the offset. Records that
// moved on by a page, because newer ones came in meanwhile, so come once.
func (p *pager[T]) at(offset int) (fresh []T, err error) {
	for {
		number := offset/p.size + 1
		page, err := p.page(number)
		if is(err, oversize) && p.size > 1 {
			p.size = (p.size + 1) / 2
			continue
		}
		if err != nil {
			return nil, err
		}
		p.start = (number - 1) * p.size
		if n := len(page); 0 < n && n < p.size && n != min(p.size, max(p.total-p.start, 0)) {
			p.size = n // the store has a smaller limit than ours, and counted its pages by that
			if number > 1 || offset >= n {
				continue
			}
		}
		end := p.start + len(page)
		p.raw = max(end-offset, 0)
		return p.fresh(page), nil
	}
}

func (p *pager[T]) page(number int) ([]T, error) {
	var answer list[T]
	call := p.ask(p.size, number)
	call.accept = func(resp *http.Response, body io.Reader) error {
		answer = list[T]{}
		if err := p.c.decode(call, resp, body, &answer); err != nil {
			return err
		}
		return p.check(call, resp.StatusCode, answer)
	}
	if err := p.send(call); err != nil {
		return nil, err
	}
	p.total = *answer.Total
	return *answer.Results, nil
}

func (p *pager[T]) check(call *request, status int, answer list[T]) error {
	if answer.Results == nil || answer.Total == nil || *answer.Total < 0 {
		return p.c.unexpected(call, status, "a JSON document without results and total")
	}
	for _, r := range *answer.Results {
		if !p.c.counted(r.name()) {
			return p.c.unexpected(call, status, "a result without "+p.c.idWords())
		}
	}
	return nil
}

// fresh leaves out what came before and notices an order that was not asked for.
func (p *pager[T]) fresh(page []T) []T {
	var fresh []T
	for _, r := range page {
		id := r.name()
		if p.seen[id] {
			continue
		}
		p.wild = p.wild || p.last != nil && !follows(*p.last, r)
		p.last, p.seen[id] = &r, true
		fresh = append(fresh, r)
	}
	return fresh
}

// follows reports whether a list that begins with the newest may have b behind a.
// Of ids that are no numbers only the times tell; where those do not either, nothing
// is known of the order.
func follows[T aged](a, b T) bool {
	if order := compareAge(a, b); order != 0 {
		return order > 0
	}
	return a.created() != "" && a.created() == b.created()
}

// walk calls use with each page from the first on until it returns false or the
// list ends. It gives up with an error after walkMost results.
func (p *pager[T]) walk(use func(page []T) bool) error {
	for offset := 0; ; {
		fresh, err := p.at(offset)
		if err != nil {
			return err
		}
		offset += p.raw
		if !use(fresh) || p.raw == 0 || len(fresh) == 0 || offset >= p.total {
			return nil
		}
		if offset >= walkMost {
			call := p.ask(p.size, 1)
			return &Failure{
				Doing: call.doing, Host: p.c.host,
				Cause:  "it holds " + strconv.Itoa(p.total) + " results, and more than " + strconv.Itoa(walkMost) + " would have to be looked through",
				Advice: "it does not sort or filter " + call.route + " as asked; correct that, or discard old emails",
			}
		}
	}
}

// incidentList asks for a page of what an incident holds.
func incidentList(doing, route string, incident int64) func(size, number int) *request {
	return func(size, number int) *request {
		return &request{
			doing: doing, route: route, place: map[string]ID{incidentPlace: NumberID(incident)}, limit: pageLimit,
			query: url.Values{"page_size": {strconv.Itoa(size)}, "page_number": {strconv.Itoa(number)}},
		}
	}
}

// everything returns a whole list of an incident, newest id first.
func everything[T aged](c *caller, send sender, doing, route string, incident int64) ([]T, error) {
	p := newPager[T](c, pageSize, send, incidentList(doing, route, incident))
	all := []T{}
	err := p.walk(func(page []T) bool { all = append(all, page...); return true })
	slices.SortStableFunc(all, func(a, b T) int { return compareAge(b, a) })
	return all, notFound(err, "incident", NumberID(incident))
}
