package console

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"

	"example.org/imap-integration/analysis"
	"example.org/imap-integration/message"
	"example.org/imap-integration/soar"
)

// Limits of analyses: one takes memory and, with large PDFs, seconds.
const (
	maxAnalyses = 2 // at the same time
	keptReports = 8
)

// reports keeps the last analyses, so that the tabs of an email share one.
type reports struct {
	slots chan struct{}
	mu    sync.Mutex
	kept  []keptReport // newest last
}

type keptReport struct {
	key    string
	report *analysis.Report
}

func newReports() *reports { return &reports{slots: make(chan struct{}, maxAnalyses)} }

// report analyzes an email, all of it.
func (s emailScreen) report(r *http.Request, record soar.Record) (*analysis.Report, error) {
	key := emailID(record) + " " + record.SourceKey
	if kept := s.reports.find(key); kept != nil {
		return kept, nil
	}
	select {
	case s.reports.slots <- struct{}{}:
		defer func() { <-s.reports.slots }()
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	if kept := s.reports.find(key); kept != nil { // another tab was faster
		return kept, nil
	}
	raw, err := s.raw(r, record)
	if err != nil && !errors.Is(err, soar.ErrNoContent) {
		return nil, err
	}
	a := analysis.New(analysis.Options{Limits: message.DefaultLimits()})
	if err == nil {
		a.Add(record, raw, analysis.KindEML)
	} else {
		a.AddRecord(record)
	}
	report := a.Report()
	s.reports.keep(key, report)
	return report, nil
}

func (rs *reports) find(key string) *analysis.Report {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if i := slices.IndexFunc(rs.kept, func(k keptReport) bool { return k.key == key }); i >= 0 {
		return rs.kept[i].report
	}
	return nil
}

func (rs *reports) keep(key string, report *analysis.Report) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	rs.kept = append(rs.kept, keptReport{key, report})
	if len(rs.kept) > keptReports {
		rs.kept = slices.Delete(rs.kept, 0, 1)
	}
}

// node is a line of the tree of what an email carries.
type node struct {
	Part     string
	Name     string
	Type     string
	Kind     string // message, attachment or member
	Format   string
	Size     int64
	MD5      string
	SHA1     string
	SHA256   string
	Opened   string // where the password was found
	Inline   bool
	Depth    int
	Problems []message.Problem
}

// treeOf lists the messages of a report, their attachments and what is in those,
// each below what it lies in.
func treeOf(report *analysis.Report) []node {
	var nodes []node
	at := map[string]int{}
	put := func(n node) {
		if i, known := at[n.Part]; known {
			if n.Format != "" {
				nodes[i].Format, nodes[i].Opened = n.Format, n.Opened
			}
			return
		}
		at[n.Part] = len(nodes)
		nodes = append(nodes, n)
	}
	for _, m := range report.Messages {
		put(node{Part: m.Path, Name: m.Subject, Type: m.Kind, Kind: "message", Size: m.Size, SHA256: m.SHA256, Problems: m.Problems})
		for _, a := range m.Attachments {
			put(node{Part: a.Part, Name: a.Filename, Type: a.ContentType, Kind: "attachment", Size: a.Size, MD5: a.MD5, SHA1: a.SHA1, SHA256: a.SHA256, Inline: a.Inline})
		}
		for _, f := range m.Files {
			put(node{Part: f.Part, Name: f.Filename, Format: f.Format, Kind: "member", Size: f.Size, MD5: f.MD5, SHA1: f.SHA1, SHA256: f.SHA256, Opened: f.OpenedWith})
		}
	}
	return nested(nodes, at)
}

// nested orders nodes so that each stands below the one whose part its own begins with.
func nested(nodes []node, at map[string]int) []node {
	children := map[int][]int{}
	for i, n := range nodes {
		if i > 0 {
			parent := around(n.Part, at)
			children[parent] = append(children[parent], i)
		}
	}
	var ordered []node
	var visit func(i, depth int)
	visit = func(i, depth int) {
		n := nodes[i]
		n.Depth = depth
		ordered = append(ordered, n)
		for _, child := range children[i] {
			visit(child, depth+1)
		}
	}
	if len(nodes) > 0 {
		visit(0, 0)
	}
	return ordered
}

// around is the index of what a part lies in: the longest part that it goes on from.
func around(part string, at map[string]int) int {
	for {
		end := strings.LastIndexAny(part, ".!")
		if end < 0 {
			return 0
		}
		part = part[:end]
		if i, known := at[part]; known {
			return i
		}
	}
}
