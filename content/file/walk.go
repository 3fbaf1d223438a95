package file

import (
	"context"
	"fmt"
	"sync"

	"example.org/imap-integration/content/file/held"
	"example.org/imap-integration/message"
)

// Found is a file and what it holds.
type Found struct {
	Path string // of the outermost file, and behind it a ! and the name of each member down to this one
	Content
	Member Member // the zero Member for the outermost file
}

// Walk reads a file at a path and the files in it, each before those inside it.
// Archives are opened three deep. Problems of the members are among those of the content.
func Walk(ctx context.Context, path string, in Input, b *Budget) []Found {
	return walk(ctx, Found{Path: path}, in, b, 0)
}

func walk(ctx context.Context, f Found, in Input, b *Budget, depth int) []Found {
	f.Content = Read(ctx, in, b)
	f.Problems = append(f.Member.Problems, f.Problems...)
	if depth >= MaxDepth && len(f.Members) > 0 {
		f.Add(message.CodeLimitArchive, "archives are nested more than %d deep; the %d files in it were not read", MaxDepth, len(f.Members))
		return []Found{f}
	}
	if len(f.Members) > 1 {
		outer := b.Words
		b.Words = siblings(f.Members, outer)
		defer func() { b.Words = outer }()
	}
	all := []Found{f}
	for _, m := range f.Members {
		inner := Found{Path: fmt.Sprintf("%s!%s", f.Path, m.Name), Member: m}
		if !m.Read {
			inner.Problems = m.Problems
			all = append(all, inner)
			continue
		}
		found := walk(ctx, inner, Input{Name: m.Name, Data: m.Data, Passwords: in.Passwords, Check: in.Check}, b, depth+1)
		if !m.Shown || len(found) > 1 || len(found[0].Links)+len(found[0].Texts)+len(found[0].Problems) > 0 {
			all = append(all, found...)
		}
	}
	return all
}

// Bounds of what is read of the files beside an encrypted one.
const (
	maxSiblings = 20
	maxSibling  = 64 << 10 // bytes of each
)

// siblings gives also the words of the texts beside a file and their names, in front of all others.
func siblings(members []Member, outer *Words) *Words {
	if outer == nil {
		left := held.MaxWords
		outer = &Words{Gather: func() []Password { return nil }, Left: &left}
	}
	return &Words{Left: outer.Left, Gather: sync.OnceValue(func() []Password {
		texts, names := Source{From: "file"}, Source{From: "filename"}
		for _, m := range members {
			names.Texts = append(names.Texts, outer.Cut(m.Name))
			if format := Sniff(m.Name, "", m.Data); *outer.Left > 0 && len(texts.Texts) < maxSiblings && len(m.Data) <= maxSibling && textReaders[format] != nil {
				var c Content
				textReaders[format](&c, m.Data)
				for _, t := range c.Texts {
					texts.Texts = append(texts.Texts, outer.Cut(t.Body))
				}
			}
		}
		return Once(Passwords(texts, names), outer.Gather())
	})}
}
