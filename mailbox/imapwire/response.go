package imapwire

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"
)

const (
	// maxFolders bounds the names kept of a LIST response.
	maxFolders = 2000
	// byeGrace is how long a server may keep the connection open behind its BYE.
	byeGrace = 2 * time.Second
)

// ErrUIDValidity ends a session in which UIDs begin to mean other emails.
var ErrUIDValidity = errors.New("the UIDVALIDITY of the folder changed during the run")

// Mailbox is what the server says of the folder that is open.
type Mailbox struct {
	Exists      uint32
	UIDValidity uint32
	UIDNext     UID
	FirstUnseen uint32 // sequence number; 0: it did not say, or there is none
	ReadOnly    bool
	Permanent   []string // flags that last (PERMANENTFLAGS), \* for any keyword; nil where the server does not say
	opened      bool     // uidValidity must not change any more
}

// ListResponse is one line of a LIST response.
type ListResponse struct {
	Name       string
	NoSelect   bool
	Attributes []string // as the server wrote them, \Junk among them
}

// response reads one response.
func (n *Conn) response() error {
	line, err := n.in.Line()
	if err != nil {
		return err
	}
	switch {
	case len(bytes.TrimSpace(line)) == 0: // QUIRK: empty lines
		return n.noisy(int64(len(line)) + 2)
	case line[0] == '+':
		n.out = append(n.out, "+ "+n.challenge(line)+"\r\n"...)
		return nil
	case line[0] == '*':
		return n.untagged(line)
	default:
		return n.tagged(line)
	}
}

// tagged reads the end of a command.
func (n *Conn) tagged(line []byte) error {
	word, rest, _ := bytes.Cut(line, []byte(" "))
	tag := string(word)
	r, ok := ParseStatus(rest)
	if !ok || (!strings.HasPrefix(tag, "T") && !strings.HasPrefix(tag, "M")) {
		return n.noisy(int64(len(line)) + 2) // QUIRK(Exchange 2003): "CAPABILITY completed."
	}
	n.mu.Lock()
	err := n.learn(r)
	p := n.pending[tag]
	if err == nil {
		delete(n.pending, tag)
	}
	n.mu.Unlock()
	if err != nil {
		return err
	}
	n.g.Progress()
	switch {
	case p != nil:
		n.finish(p, r, true)
	case tag[0] == 'T':
		n.out = append(n.out, r.canonical(tag)...)
	}
	return nil
}

// learn keeps what a response code says; n.mu is held. It is an error where
// UIDs begin to mean other emails: nothing more may be asked or marked by them.
func (n *Conn) learn(r StatusResponse) error {
	switch r.Code {
	case "CAPABILITY":
		n.caps = CapabilitySet(strings.Fields(r.Arg))
	case "UIDVALIDITY":
		if now := number(r.Arg); n.box.opened && now != n.box.UIDValidity {
			return fmt.Errorf("%w: it was %d and is %d", ErrUIDValidity, n.box.UIDValidity, now)
		}
		n.box.UIDValidity = number(r.Arg)
	case "UIDNEXT":
		n.box.UIDNext = UID(number(r.Arg))
	case "UNSEEN": // of IMAP4rev1 (RFC 3501, section 7.1)
		n.box.FirstUnseen = number(r.Arg)
	case "PERMANENTFLAGS":
		n.box.Permanent = append([]string{}, strings.Fields(strings.Trim(r.Arg, "()"))...)
	case "READ-ONLY":
		n.box.ReadOnly = true
	case "READ-WRITE":
		n.box.ReadOnly = false
	case "ALERT":
		n.alert = r.Said()
	}
	if r.Status == "BYE" {
		n.bye = r.Said()
	}
	return nil
}

func CapabilitySet(list []string) map[string]bool {
	caps := map[string]bool{}
	for _, c := range list {
		caps[strings.ToUpper(c)] = true
	}
	return caps
}

// untagged reads a response that starts with "*".
func (n *Conn) untagged(line []byte) error {
	rest := bytes.TrimLeft(line[1:], " ")
	word, tail, _ := bytes.Cut(rest, []byte(" "))
	if num := number(string(word)); num > 0 || string(word) == "0" {
		return n.numbered(num, bytes.TrimLeft(tail, " "), len(line))
	}
	switch key := strings.ToUpper(string(word)); key {
	case "OK", "NO", "BAD", "BYE", "PREAUTH":
		return n.status(rest, len(line))
	case "CAPABILITY":
		n.mu.Lock()
		n.caps = CapabilitySet(strings.Fields(string(tail)))
		n.mu.Unlock()
		n.out = append(n.out, "* CAPABILITY"+capabilityList(strings.Fields(string(tail)))+"\r\n"...)
		return nil
	case "SEARCH", "ESEARCH":
		return n.searched(key, tail, len(line))
	case "LIST":
		return n.listed(line, tail)
	case "STATUS":
		n.tellOther()
		return n.drop(line)
	default: // QUIRK: NOOP, VANISHED, XFOO, and what only other commands are answered with
		return n.drop(line)
	}
}

func (n *Conn) status(rest []byte, size int) error {
	r, ok := ParseStatus(rest)
	n.mu.Lock()
	err := n.learn(r)
	n.mu.Unlock()
	if err != nil {
		return err
	}
	if r.Status == "BYE" {
		n.g.hurry(byeGrace)
	}
	if ok && r.Code == "CAPABILITY" {
		n.out = append(n.out, "* CAPABILITY"+capabilityList(strings.Fields(r.Arg))+"\r\n"...)
	}
	return n.noisy(int64(size))
}

// numbered reads EXISTS, EXPUNGE, RECENT and FETCH.
func (n *Conn) numbered(num uint32, rest []byte, size int) error {
	word, _, _ := bytes.Cut(rest, []byte(" "))
	if i := bytes.IndexByte(word, '('); i > 0 { // QUIRK: no space behind FETCH
		word = word[:i]
	}
	switch strings.ToUpper(string(word)) {
	case "FETCH":
		return n.fetchResponse(rest[len("FETCH"):], size)
	case "EXISTS":
		n.exists(num)
	case "EXPUNGE":
		n.mu.Lock()
		n.box.Exists -= min(n.box.Exists, 1)
		n.mu.Unlock()
	}
	return n.noisy(int64(size))
}

func (n *Conn) exists(num uint32) {
	n.mu.Lock()
	grew := num > n.box.Exists
	n.box.Exists = num
	n.mu.Unlock()
	if !grew {
		return
	}
	select {
	case n.arrived <- struct{}{}:
	default:
	}
}

// fetchResponse reads a FETCH response and hands it to whoever asked.
func (n *Conn) fetchResponse(rest []byte, size int) error {
	if err := n.noisy(int64(size)); err != nil {
		return err
	}
	p := fetchParser{n: n, f: FetchResponse{Size: -1}}
	err := p.load(rest)
	if err == nil {
		err = p.parse()
	}
	n.mu.Lock()
	sink := n.sink
	n.mu.Unlock()
	if err != nil || sink == nil {
		p.f.Literal.Release()
		return err
	}
	sink.Response(&p.f)
	return nil
}

// drop reads over a response nobody asked for, its literals included.
func (n *Conn) drop(line []byte) error {
	p := fetchParser{n: n}
	if err := n.noisy(int64(len(line)) + 2); err != nil {
		return err
	}
	if p.load(line) != nil {
		return nil // what looks like the mark of a literal was text
	}
	for p.literal >= 0 {
		if err := p.skipLiteral(); err != nil {
			return err
		}
		if err := n.noisy(int64(len(p.line)) + 2); err != nil {
			return err
		}
	}
	return nil
}

// listed keeps the names of a LIST response. A name may be an atom, a quoted string or a literal.
func (n *Conn) listed(line, tail []byte) error {
	p := fetchParser{n: n}
	if err := p.load(tail); err != nil {
		return err
	}
	attrs, rest, ok := bytes.Cut(p.line, []byte(")"))
	if !ok {
		return n.drop(line)
	}
	f := ListResponse{Attributes: strings.Fields(strings.TrimLeft(string(attrs), "( ")), NoSelect: hasAttr(attrs, `\NOSELECT`) || hasAttr(attrs, `\NONEXISTENT`)}
	p.pos = len(p.line) - len(rest)
	p.spaces()
	if c, _ := p.peek(); c == '"' { // the separator
		if _, err := p.quoted(); err != nil {
			return n.noisy(int64(len(line)))
		}
	} else {
		p.atom()
	}
	p.spaces()
	switch c, _ := p.peek(); {
	case p.literal >= 0:
		if p.literal > MaxMailboxName*4 {
			return n.drop(line)
		}
		name := make([]byte, p.literal)
		if err := n.in.full(name); err != nil {
			return err
		}
		f.Name = string(name)
		if err := p.next(); err != nil {
			return err
		}
	case c == '"':
		name, err := p.quoted()
		if err != nil {
			return n.noisy(int64(len(line)))
		}
		f.Name = string(name)
	default:
		f.Name = string(p.line[p.pos:]) // QUIRK: a name with spaces, unquoted
	}
	f.Name = decodeMailboxName(f.Name)
	n.mu.Lock()
	if len(n.folders) < maxFolders {
		n.folders = append(n.folders, f)
	}
	n.mu.Unlock()
	return n.noisy(int64(len(line)))
}

func hasAttr(attrs []byte, name string) bool {
	return bytes.Contains(bytes.ToUpper(attrs), []byte(name))
}

// searched reads a SEARCH response, also one that is split in several (QUIRK), or an ESEARCH response.
func (n *Conn) searched(key string, tail []byte, size int) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	f := n.found
	if f == nil {
		n.noise += int64(size)
		return n.tooNoisy()
	}
	f.told = true
	f.most = min(maxFound, uint64(n.box.Exists)+moreFound)
	read := f.listed
	if key == "ESEARCH" {
		read = f.extended
	}
	err := read(tail)
	if f.err == nil {
		f.err = err
	}
	return err
}
