package mailbox

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	// maxNoise bounds what a server may send during one command that nobody asked
	// for: a million untagged lines pass, a flood ends the connection.
	maxNoise = 64 << 20
	// maxFolders bounds the names kept of a LIST answer.
	maxFolders = 2000
	// byeGrace is how long a server may keep the connection open behind its BYE.
	byeGrace = 2 * time.Second
)

// normaliser is the connection as go-imap sees it. go-imap remains the client
// for commands: it encodes them, tags them, answers continuation requests and
// waits for their end. Its reader of answers, however, ends the connection at
// the first unexpected token, loses mails whose UID stands behind the body,
// truncates cut literals silently and has no limit of memory (measured with 66
// quirks of real servers: 33 dead connections, 3 silent losses). So answers
// are read here: what they say is kept here, and go-imap gets only the
// greeting, capabilities, continuation requests and tagged ends, in canonical
// form. Literals never pass through it.
type normaliser struct {
	g       *guard
	in      *wire
	out     []byte        // what go-imap has not read yet; its reading goroutine alone uses it
	unread  error         // why nothing more is read; its reading goroutine alone uses it
	arrived chan struct{} // the number of mails grew

	mu      sync.Mutex
	behind  []byte              // sent together with go-imap's next write
	empty   bool                // the next "=" that go-imap writes means an empty line
	pending map[string]*pending // commands sent past go-imap, by tag
	tags    int
	sink    fetchSink
	found   *found
	folders []folder // of LIST
	box     box
	caps    map[string]bool
	bye     string
	alert   string
	noise   int64
	ended   error
}

// box is what the server says of the folder that is open.
type box struct {
	exists      uint32
	uidValidity uint32
	uidNext     UID
	readOnly    bool
	opened      bool // uidValidity must not change any more
}

// folder is one line of a LIST answer.
type folder struct {
	name     string
	noSelect bool
}

// pending is a command that was sent past go-imap.
type pending struct {
	tag  string
	done chan reply // closed without a value where the connection ends first
	end  func(reply, bool)
}

func newNormaliser(g *guard, in *wire) *normaliser {
	return &normaliser{
		g: g, in: in, arrived: make(chan struct{}, 1),
		pending: map[string]*pending{}, caps: map[string]bool{},
	}
}

// Read is called by go-imap's reading goroutine alone. All answers are read on
// it. Nothing is read behind an answer that could not be: QUIRK(go-imap beta.8)
// reads on after an error, and would take the tagged OK behind it for success.
func (n *normaliser) Read(p []byte) (int, error) {
	for len(n.out) == 0 {
		if n.unread != nil {
			return 0, n.unread
		}
		if err := n.answer(); err != nil {
			n.unread = err
			n.fail(err)
			return 0, err
		}
	}
	took := copy(p, n.out)
	n.out = n.out[took:]
	return took, nil
}

// fail ends all that waits.
func (n *normaliser) fail(err error) {
	n.g.abort(err)
	n.mu.Lock()
	waiting := n.pending
	n.pending = map[string]*pending{}
	if n.ended == nil {
		n.ended = err
	}
	n.mu.Unlock()
	for _, p := range waiting {
		n.finish(p, reply{}, false)
	}
}

func (n *normaliser) finish(p *pending, r reply, ok bool) {
	n.g.end()
	if p.end != nil {
		p.end(r, ok)
	}
	if ok {
		p.done <- r
	}
	close(p.done)
}

// Write passes go-imap's commands on.
func (n *normaliser) Write(p []byte) (int, error) {
	n.mu.Lock()
	behind, empty := n.behind, n.empty && string(p) == "=\r\n"
	n.behind = nil
	n.mu.Unlock()
	switch {
	case empty:
		// QUIRK(go-imap beta.8): an empty SASL response is sent as "=", which is right
		// for an initial response only (RFC 9051, section 6.2.2).
		_, err := n.g.Write([]byte("\r\n"))
		return len(p), err
	case behind != nil:
		_, err := n.g.Write(append(bytes.Clone(p), behind...))
		return len(p), err
	}
	return n.g.Write(p)
}

// command makes a command that goes past go-imap. A command line has no
// literal. end, where set, is called on the reading goroutine when the answer is complete.
func (n *normaliser) command(line string, end func(r reply, ok bool)) (*pending, []byte) {
	n.mu.Lock()
	n.tags++
	p := &pending{tag: fmt.Sprintf("M%d", n.tags), done: make(chan reply, 1), end: end}
	ended := n.ended
	if ended == nil {
		n.pending[p.tag] = p
	}
	n.mu.Unlock()
	n.g.begin()
	if ended != nil {
		n.finish(p, reply{}, false)
	}
	return p, []byte(p.tag + " " + line + "\r\n")
}

// send sends a command past go-imap.
func (n *normaliser) send(line string, end func(r reply, ok bool)) *pending {
	p, text := n.command(line, end)
	if _, err := n.g.Write(text); err != nil {
		n.g.abort(err) // the reading goroutine then ends all commands
	}
	return p
}

// sendBehind sends a command in one piece with the next one of go-imap.
func (n *normaliser) sendBehind(line string, end func(r reply, ok bool)) *pending {
	p, text := n.command(line, end)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.behind = append(n.behind, text...)
	return p
}

// answer reads one answer.
func (n *normaliser) answer() error {
	line, err := n.in.line()
	if err != nil {
		return err
	}
	switch {
	case len(bytes.TrimSpace(line)) == 0: // QUIRK: empty lines
		return n.noisy(int64(len(line)) + 2)
	case line[0] == '+':
		n.out = append(n.out, "+ "+strings.TrimSpace(string(line[1:]))+"\r\n"...)
		return nil
	case line[0] == '*':
		return n.untagged(line)
	default:
		return n.tagged(line)
	}
}

// noisy counts what nobody asked for.
func (n *normaliser) noisy(size int64) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.noise += size
	return n.tooNoisy()
}

// tooNoisy is the error of a flood; n.mu is held.
func (n *normaliser) tooNoisy() error {
	if n.noise > maxNoise {
		return protocolError("more than %d MiB that nobody asked for", maxNoise>>20)
	}
	return nil
}

// tagged reads the end of a command.
func (n *normaliser) tagged(line []byte) error {
	word, rest, _ := bytes.Cut(line, []byte(" "))
	tag := string(word)
	r, ok := parseReply(rest)
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
	n.g.progress()
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
func (n *normaliser) learn(r reply) error {
	switch r.code {
	case "CAPABILITY":
		n.caps = capabilitySet(strings.Fields(r.arg))
	case "UIDVALIDITY":
		if now := number(r.arg); n.box.opened && now != n.box.uidValidity {
			return fmt.Errorf("%w: it was %d and is %d", ErrUIDValidity, n.box.uidValidity, now)
		}
		n.box.uidValidity = number(r.arg)
	case "UIDNEXT":
		n.box.uidNext = UID(number(r.arg))
	case "READ-ONLY":
		n.box.readOnly = true
	case "READ-WRITE":
		n.box.readOnly = false
	case "ALERT":
		n.alert = r.said()
	}
	if r.status == "BYE" {
		n.bye = r.said()
	}
	return nil
}

func capabilitySet(list []string) map[string]bool {
	caps := map[string]bool{}
	for _, c := range list {
		caps[strings.ToUpper(c)] = true
	}
	return caps
}

// untagged reads an answer that starts with "*".
func (n *normaliser) untagged(line []byte) error {
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
		n.caps = capabilitySet(strings.Fields(string(tail)))
		n.mu.Unlock()
		n.out = append(n.out, "* CAPABILITY"+capabilityList(strings.Fields(string(tail)))+"\r\n"...)
		return nil
	case "SEARCH", "ESEARCH":
		return n.searched(key, tail, len(line))
	case "LIST":
		return n.listed(line, tail)
	default: // QUIRK: NOOP, VANISHED, XFOO, and what only other commands are answered with
		return n.drop(line)
	}
}

func (n *normaliser) status(rest []byte, size int) error {
	r, ok := parseReply(rest)
	n.mu.Lock()
	err := n.learn(r)
	n.mu.Unlock()
	if err != nil {
		return err
	}
	if r.status == "BYE" {
		n.g.hurry(byeGrace)
	}
	if ok && r.code == "CAPABILITY" {
		n.out = append(n.out, "* CAPABILITY"+capabilityList(strings.Fields(r.arg))+"\r\n"...)
	}
	return n.noisy(int64(size))
}

// numbered reads EXISTS, EXPUNGE, RECENT and FETCH.
func (n *normaliser) numbered(num uint32, rest []byte, size int) error {
	word, _, _ := bytes.Cut(rest, []byte(" "))
	if i := bytes.IndexByte(word, '('); i > 0 { // QUIRK: no blank behind FETCH
		word = word[:i]
	}
	switch strings.ToUpper(string(word)) {
	case "FETCH":
		return n.fetchAnswer(num, rest[len("FETCH"):], size)
	case "EXISTS":
		n.exists(num)
	case "EXPUNGE":
		n.mu.Lock()
		n.box.exists -= min(n.box.exists, 1)
		n.mu.Unlock()
	}
	return n.noisy(int64(size))
}

func (n *normaliser) exists(num uint32) {
	n.mu.Lock()
	grew := num > n.box.exists
	n.box.exists = num
	n.mu.Unlock()
	if !grew {
		return
	}
	select {
	case n.arrived <- struct{}{}:
	default:
	}
}

// fetchAnswer reads a FETCH answer and hands it to whoever asked.
func (n *normaliser) fetchAnswer(seq uint32, rest []byte, size int) error {
	if err := n.noisy(int64(size)); err != nil {
		return err
	}
	p := fetchParser{n: n, f: fetched{seq: seq, size: -1}}
	err := p.load(rest)
	if err == nil {
		err = p.parse()
	}
	n.mu.Lock()
	sink := n.sink
	n.mu.Unlock()
	if err != nil || sink == nil {
		p.f.body.release()
		return err
	}
	sink.answer(&p.f)
	return nil
}

func (n *normaliser) sinkRoom(f *fetched, size int64) (*body, error) {
	n.mu.Lock()
	sink := n.sink
	n.mu.Unlock()
	if sink == nil {
		return nil, nil
	}
	start := time.Now()
	b, err := sink.room(f, size)
	if paused := time.Since(start); paused > time.Millisecond {
		n.g.skip(paused)
	}
	return b, err
}

// quiet is called when a wanted answer came: it pays for its own line.
func (n *normaliser) quiet() {
	n.mu.Lock()
	n.noise = 0
	n.mu.Unlock()
	n.g.progress()
}

// drop reads over an answer nobody asked for, its literals included.
func (n *normaliser) drop(line []byte) error {
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

// listed keeps the names of a LIST answer. A name may be an atom, a quoted string or a literal.
func (n *normaliser) listed(line, tail []byte) error {
	p := fetchParser{n: n}
	if err := p.load(tail); err != nil {
		return err
	}
	attrs, rest, ok := bytes.Cut(p.line, []byte(")"))
	if !ok {
		return n.drop(line)
	}
	f := folder{noSelect: hasAttr(attrs, `\NOSELECT`) || hasAttr(attrs, `\NONEXISTENT`)}
	p.pos = len(p.line) - len(rest)
	p.blanks()
	if c, _ := p.peek(); c == '"' { // the separator
		if _, err := p.quoted(); err != nil {
			return n.noisy(int64(len(line)))
		}
	} else {
		p.atom()
	}
	p.blanks()
	switch c, _ := p.peek(); {
	case p.literal >= 0:
		if p.literal > maxFolderName*4 {
			return n.drop(line)
		}
		name := make([]byte, p.literal)
		if err := n.in.full(name); err != nil {
			return err
		}
		f.name = string(name)
		if err := p.next(); err != nil {
			return err
		}
	case c == '"':
		name, err := p.quoted()
		if err != nil {
			return n.noisy(int64(len(line)))
		}
		f.name = string(name)
	default:
		f.name = string(p.line[p.pos:]) // QUIRK: a name with blanks, unquoted
	}
	f.name = decodeFolder(f.name)
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

// has reports a capability as the server gave it last.
func (n *normaliser) has(capability string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.caps[capability]
}

// collect has SEARCH answers kept in f from now on; nil: nobody asked.
func (n *normaliser) collect(f *found) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.found = f
}

// goodbye is what the server said in its BYE.
func (n *normaliser) goodbye() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.bye
}

func (n *normaliser) setSink(s fetchSink) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.sink, n.noise = s, 0
}

// outstanding lists the commands that went past go-imap and have no answer.
func (n *normaliser) outstanding() []*pending {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Collect(maps.Values(n.pending))
}

// hush starts the count of what nobody asked for anew.
func (n *normaliser) hush() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.noise = 0
}

// forget drops the news of mails that arrived so far.
func (n *normaliser) forget() {
	select {
	case <-n.arrived:
	default:
	}
}

var _ io.ReadWriter = (*normaliser)(nil)
