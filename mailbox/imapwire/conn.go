package imapwire

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"sync"
)

// Conn is the connection as go-imap sees it. go-imap remains the client
// for commands: it encodes them, tags them, answers continuation requests and
// waits for their end. Its reader of responses, however, ends the connection at
// the first unexpected token, loses emails whose UID stands behind the body,
// truncates cut literals silently and has no limit of memory (measured with 66
// quirks of real servers: 33 dead connections, 3 silent losses). So answers
// are read here: what they say is kept here, and go-imap gets only the
// greeting, capabilities, continuation requests and tagged ends, in canonical
// form. Literals never pass through it.
type Conn struct {
	g       *Guard
	in      *Reader
	out     []byte        // what go-imap has not read yet; its reading goroutine alone uses it
	unread  error         // why nothing more is read; its reading goroutine alone uses it
	arrived chan struct{} // the number of emails grew
	other   chan struct{} // another folder has something new (NOTIFY)

	mu      sync.Mutex
	behind  []byte              // sent together with go-imap's next write
	empty   bool                // the next "=" that go-imap writes means an empty line
	hidden  bool                // challenges are handed on as empty ones
	pending map[string]*Command // commands sent past go-imap, by tag
	tags    int
	sink    FetchSink
	found   *SearchResponse
	folders []ListResponse // of LIST
	box     Mailbox
	caps    map[string]bool
	bye     string
	alert   string
	noise   int64
	ended   error
}

// Command is a command that was sent past go-imap.
type Command struct {
	tag  string
	done chan StatusResponse // closed without a value where the connection ends first
	end  func(StatusResponse, bool)
}

// Done gets the tagged response; it is closed without one where the connection ends first.
func (p *Command) Done() <-chan StatusResponse { return p.done }

func NewConn(g *Guard, in *Reader) *Conn {
	return &Conn{
		g: g, in: in, arrived: make(chan struct{}, 1), other: make(chan struct{}, 1),
		pending: map[string]*Command{}, caps: map[string]bool{},
	}
}

// Read is called by go-imap's reading goroutine alone. All answers are read on
// it. Nothing is read behind a response that could not be: QUIRK(go-imap beta.8)
// reads on after an error, and would take the tagged OK behind it for success.
func (n *Conn) Read(p []byte) (int, error) {
	for len(n.out) == 0 {
		if n.unread != nil {
			return 0, n.unread
		}
		if err := n.response(); err != nil {
			n.unread = err
			n.Fail(err)
			return 0, err
		}
	}
	took := copy(p, n.out)
	n.out = n.out[took:]
	return took, nil
}

// Fail ends all that waits.
func (n *Conn) Fail(err error) {
	n.g.Abort(err)
	n.mu.Lock()
	waiting := n.pending
	n.pending = map[string]*Command{}
	if n.ended == nil {
		n.ended = err
	}
	n.mu.Unlock()
	for _, p := range waiting {
		n.finish(p, StatusResponse{}, false)
	}
}

// Write passes go-imap's commands on.
func (n *Conn) Write(p []byte) (int, error) {
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
// literal. end, where set, is called on the reading goroutine when the response is complete.
func (n *Conn) command(line string, end func(r StatusResponse, ok bool)) (*Command, []byte) {
	n.mu.Lock()
	n.tags++
	p := &Command{tag: fmt.Sprintf("M%d", n.tags), done: make(chan StatusResponse, 1), end: end}
	ended := n.ended
	if ended == nil {
		n.pending[p.tag] = p
	}
	n.mu.Unlock()
	n.g.Begin()
	if ended != nil {
		n.finish(p, StatusResponse{}, false)
	}
	return p, []byte(p.tag + " " + line + "\r\n")
}

// Send sends a command past go-imap.
func (n *Conn) Send(line string, end func(r StatusResponse, ok bool)) *Command {
	p, text := n.command(line, end)
	if _, err := n.g.Write(text); err != nil {
		n.g.Abort(err) // the reading goroutine then ends all commands
	}
	return p
}

// SendBehind sends a command in one piece with the next one of go-imap.
func (n *Conn) SendBehind(line string, end func(r StatusResponse, ok bool)) *Command {
	p, text := n.command(line, end)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.behind = append(n.behind, text...)
	return p
}

// Quiet is called when a wanted response came: it pays for its own line.
func (n *Conn) Quiet() {
	n.mu.Lock()
	n.noise = 0
	n.mu.Unlock()
	n.g.Progress()
}

// ClientConn is the connection for go-imap, which first gets the greeting.
func (n *Conn) ClientConn(greeting StatusResponse) net.Conn {
	n.mu.Lock()
	defer n.mu.Unlock()
	_ = n.learn(greeting) // no folder is open whose UIDVALIDITY could change
	n.out = []byte(greeting.canonical("*"))
	return &clientConn{Guard: n.g, n: n}
}

// Capabilities are those that the server gave last, upper case. The map must not be changed.
func (n *Conn) Capabilities() map[string]bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.caps
}

// Selected is what the server says of the open folder by now.
func (n *Conn) Selected() Mailbox {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.box
}

// Opened notes that the folder is open: its UIDVALIDITY must not change from now
// on, and the emails that are there are not news.
func (n *Conn) Opened() Mailbox {
	n.Forget()
	n.mu.Lock()
	defer n.mu.Unlock()
	n.box.opened = true
	return n.box
}

// Leave forgets the open folder: another one is opened, whose UIDVALIDITY is its own.
func (n *Conn) Leave() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.box = Mailbox{}
	select { // what came since the last search must not be forgotten with the folder
	case <-n.arrived:
		n.tellOther()
	default:
	}
}

// TakeListResponses returns the names of the LIST responses since the last call.
func (n *Conn) TakeListResponses() []ListResponse {
	n.mu.Lock()
	defer n.mu.Unlock()
	folders := n.folders
	n.folders = nil
	return folders
}

// SendEmptyResponse says whether the "=" of go-imap's next SASL response means an empty line.
func (n *Conn) SendEmptyResponse(empty bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.empty = empty
}

// HideChallenges says whether go-imap gets every challenge as an empty one. QUIRK(go-imap
// beta.8): it takes a challenge without text for the question for an initial response, and
// gives up at one that is no base64 ("+ Username:").
func (n *Conn) HideChallenges(hide bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.hidden = hide
}

// Alert is what the server wants a person to read (RFC 9051, section 7.1); "" nothing.
func (n *Conn) Alert() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.alert
}

// News gets a value when the number of emails has grown.
func (n *Conn) News() <-chan struct{} { return n.arrived }

// Collected ends the collecting in f, where that goes on.
func (n *Conn) Collected(f *SearchResponse) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.found == f {
		n.found = nil
	}
}

// Has reports a capability as the server gave it last.
func (n *Conn) Has(capability string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.caps[capability]
}

// Collect has SEARCH responses kept in f from now on; nil: nobody asked.
func (n *Conn) Collect(f *SearchResponse) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.found = f
}

// Goodbye is what the server said in its BYE.
func (n *Conn) Goodbye() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.bye
}

func (n *Conn) SetSink(s FetchSink) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.sink, n.noise = s, 0
}

// Outstanding lists the commands that went past go-imap and have no response.
func (n *Conn) Outstanding() []*Command {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Collect(maps.Values(n.pending))
}

// Hush starts the count of what nobody asked for anew.
func (n *Conn) Hush() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.noise = 0
}

// OtherNews gets a value when the server tells of another folder than the open one,
// after NOTIFY (RFC 5465). Unlike News it is not forgotten when a folder is opened or searched.
func (n *Conn) OtherNews() <-chan struct{} { return n.other }

// Forget drops the news of emails that arrived so far.
func (n *Conn) Forget() {
	select {
	case <-n.arrived:
	default:
	}
}

var _ io.ReadWriter = (*Conn)(nil)

// clientConn is the connection that go-imap gets: the normaliser's reading and
// writing, and deadlines that do nothing.
type clientConn struct {
	*Guard
	n *Conn
}

func (c *clientConn) Read(p []byte) (int, error) { return c.n.Read(p) }

func (c *clientConn) Write(p []byte) (int, error) { return c.n.Write(p) }
