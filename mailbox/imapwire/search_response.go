package imapwire

import (
	"bytes"
	"slices"
	"strconv"

	"example.org/imap-integration/quote"
)

// maxFound bounds the UIDs of one search. A range in an ESEARCH response costs
// the server a few bytes and us four for each of its numbers.
const maxFound = 4_000_000

// moreFound is how many more emails than the folder held when it was last told
// of a search may find: those that came since.
const moreFound = 10_000

// SearchResponse collects the SEARCH and ESEARCH responses to one command.
type SearchResponse struct {
	UIDs []UID
	told bool   // a response came
	most uint64 // more than that cannot be right
	err  error  // the first response that could not be read: what was found is not complete
}

// listed reads what follows SEARCH: 2 84 882.
func (f *SearchResponse) listed(tail []byte) error {
	for len(tail) > 0 {
		var word []byte
		word, tail, _ = bytes.Cut(tail, []byte(" "))
		if len(word) == 0 {
			continue
		}
		if word[0] == '(' { // (MODSEQ n)
			return nil
		}
		uid, err := searchNumber(word)
		if err != nil {
			return err
		}
		if err := f.add(uid, uid); err != nil {
			return err
		}
	}
	return nil
}

// extended reads what follows ESEARCH (RFC 4731): (TAG "T5") UID ALL 1:3,7.
func (f *SearchResponse) extended(tail []byte) error {
	if i := bytes.IndexByte(tail, ')'); bytes.HasPrefix(bytes.TrimLeft(tail, " "), []byte("(")) && i > 0 {
		tail = tail[i+1:]
	}
	words := bytes.Fields(tail)
	if len(words) == 0 || !bytes.EqualFold(words[0], []byte("UID")) {
		if len(words) == 0 {
			return nil
		}
		return Protocolf("an ESEARCH response without UID: %q", quote.Line(string(tail[:min(len(tail), 60)]), 60))
	}
	for i := 1; i+1 < len(words); i += 2 {
		if bytes.EqualFold(words[i], []byte("ALL")) {
			return f.addSet(words[i+1])
		}
	}
	return nil
}

func (f *SearchResponse) addSet(set []byte) error {
	for len(set) > 0 {
		var part []byte
		part, set, _ = bytes.Cut(set, []byte(","))
		from, to, isRange := bytes.Cut(part, []byte(":"))
		if !isRange {
			to = from
		}
		first, err := searchNumber(from)
		if err != nil {
			return err
		}
		last, err := searchNumber(to)
		if err != nil {
			return err
		}
		if err := f.add(min(first, last), max(first, last)); err != nil {
			return err
		}
	}
	return nil
}

func (f *SearchResponse) add(first, last UID) error {
	width := uint64(last-first) + 1
	if width > f.most || uint64(len(f.UIDs))+width > maxFound {
		return Protocolf("a search result of more emails than the folder holds")
	}
	for uid := first; ; uid++ {
		if uid != 0 {
			f.UIDs = append(f.UIDs, uid)
		}
		if uid == last {
			return nil
		}
	}
}

func searchNumber(word []byte) (UID, error) {
	n, err := strconv.ParseUint(string(word), 10, 32)
	if err != nil {
		return 0, Protocolf("a search result with %q in it", quote.Line(string(word[:min(len(word), 40)]), 40))
	}
	return UID(n), nil
}

// Complete returns why the result must not be used, nil where it may be.
func (f *SearchResponse) Complete() error {
	f.UIDs = f.sorted()
	if f.err == nil && uint64(len(f.UIDs)) > f.most {
		f.err = Protocolf("a search result of more emails than the folder holds")
	}
	return f.err
}

// Usable reports whether a whole response came: a tagged OK alone is none.
func (f *SearchResponse) Usable() bool { return f.told && f.Complete() == nil }

// sorted returns what was found, ascending, each once.
func (f *SearchResponse) sorted() []UID {
	slices.Sort(f.UIDs)
	return slices.Compact(f.UIDs)
}
