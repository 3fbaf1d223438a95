package message

import (
	"fmt"
	"slices"
	"strings"

	"example.org/imap-integration/quote"
)

const (
	maxProblems = 100 // of one email; a bomb must not become a bomb of problems
	maxSame     = 10  // with the same code
)

// lastPlace is where problems of the whole email stand.
const lastPlace = 1 << 30

// placed is a problem with its place: 0 is the header, n the n-th part.
type placed struct {
	at int
	Problem
}

// problems collects what is wrong with one email. Parts are decoded in the
// order in which they are asked for, but the list is in the email's order.
type problems struct {
	list []placed
	out  *[]Problem
	up   *problems // of the email that this one is nested in
	upAt int
	path string // part path of this nested email
}

func (p *problems) add(at int, code, format string, args ...any) {
	x := placed{at, Problem{code, fmt.Sprintf(format, args...)}}
	p.put(x)
	if p.up != nil {
		x.Detail = "in the nested message " + p.path + ": " + x.Detail
	}
	for q := p; q.up != nil; q = q.up {
		x.at = q.upAt
		q.up.put(x)
	}
}

func (p *problems) put(x placed) {
	same := 0
	for _, y := range p.list {
		if y.Code == x.Code {
			same++
		}
	}
	switch {
	case slices.Contains(p.list, x):
		return
	case same >= maxSame, len(p.list) >= maxProblems && !strings.HasPrefix(x.Code, "limit_"):
		x = placed{lastPlace, Problem{CodeLimitProblems, fmt.Sprintf("more problems than %d, or than %d of one kind; the rest is not listed", maxProblems, maxSame)}}
		if slices.Contains(p.list, x) {
			return
		}
	}
	i, _ := slices.BinarySearchFunc(p.list, x.at, func(a placed, at int) int {
		if a.at <= at {
			return -1
		}
		return 1
	})
	p.list = slices.Insert(p.list, i, x)
	all := make([]Problem, len(p.list))
	for i, x := range p.list {
		all[i] = x.Problem
	}
	*p.out = all
}

func quoteAll(list []string) string {
	out := make([]string, 0, 4)
	for _, s := range list[:min(len(list), 4)] {
		out = append(out, quote.Text(s, quote.Name))
	}
	return strings.Join(out, ", ")
}
