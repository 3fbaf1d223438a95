package mailbox

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"example.org/imap-integration/mailbox/imapwire"
	"example.org/imap-integration/quote"
)

const (
	// maxNear is how many names are offered for a folder that does not exist.
	maxNear = 3
	// passingPause is how long a transient fault at the server is given to pass.
	passingPause = 2 * time.Second
)

// openBehind has the folder opened in the same segment as the login.
func (s *session) openBehind() error {
	command, err := s.conf.openCommand()
	if err != nil {
		return nil // openFolder will say so
	}
	if s.n.Has("ID") {
		s.n.SendBehind(clientID(), nil)
	}
	s.opening = s.n.SendBehind(command, func(r imapwire.StatusResponse, ok bool) {
		s.folderOpened(r, ok)
		if ok && r.Status == "OK" && s.early != nil && !s.early.ended.Load() {
			s.n.Collect(&s.early.found)
		}
	})
	s.early = searchBehind(s)
	return nil
}

// clientID says which program this is (RFC 2971). QUIRK(NetEase): 163.com, 126.com and
// yeah.net refuse SELECT ("Unsafe Login") to a client that did not say.
func clientID() string {
	version := "devel"
	if info, ok := debug.ReadBuildInfo(); ok && imapwire.IsAtom(info.Main.Version) {
		version = info.Main.Version
	}
	return fmt.Sprintf(`ID ("name" "imap-integration" "version" "%s" "vendor" "imap-integration")`, version)
}

// folderOpened is called on the reading goroutine when the folder is open, or not. What
// the server said of it is kept as it is now: a search that follows at once may bring news.
func (s *session) folderOpened(r imapwire.StatusResponse, ok bool) {
	if !ok || r.Status != "OK" {
		return
	}
	s.opened = s.n.Opened()
}

// openFolder opens the folder, or waits until it is.
func (s *session) openFolder(ctx context.Context) error {
	command, err := s.conf.openCommand()
	if err != nil {
		e := s.conf.fault(StageFolder, nil, err)
		e.Kind = NoFolder
		return e
	}
	stop := s.watch(ctx)
	defer stop()
	if s.opening == nil {
		if s.n.Has("ID") {
			s.n.Send(clientID(), nil) // its response is not waited for
		}
		s.opening = s.n.Send(command, s.folderOpened)
	}
	answer, err := s.await(s.opening)
	if err != nil && passing(answer) && s.pause(ctx, passingPause) {
		// QUIRK(Microsoft 365): "User is authenticated but not connected" passes.
		_, err = s.await(s.n.Send(command, s.folderOpened))
	}
	if err != nil {
		return s.folderFault(err)
	}
	return nil
}

// pause waits; false: the connection did not last.
func (s *session) pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return s.alive()
	case <-ctx.Done():
	case <-s.client.Closed():
	}
	return false
}

// folderFault explains why a folder cannot be opened, with the nearest names.
func (s *session) folderFault(err error) error {
	e := s.conf.fault(StageFolder, s, err)
	if e.Kind != ServerRefused {
		return e
	}
	e.Kind = NoFolder
	if strings.Contains(strings.ToLower(e.Server), "unsafe login") { // QUIRK(NetEase)
		e.Next = "the provider does not trust this sign-in: allow IMAP clients in the settings of its web mail, and use the authorization code that it shows there"
		return e
	}
	names, err := s.list()
	if e.Next != "" || err != nil {
		return e
	}
	for _, f := range names {
		switch {
		case !sameFolder(f.Name, s.conf.Folder):
		case f.NoSelect:
			e.Next = "this name only holds other folders: name one of those"
			return e
		default:
			e.Next = "the folder is there: check the user's rights on it, and the server's log"
			return e
		}
	}
	if near := nearest(s.conf.Folder, names); len(near) > 0 {
		e.Next = "the nearest names are " + strings.Join(near, ", ")
	}
	return e
}

// list asks for all folders, with their special uses where the server knows them (RFC 6154).
func (s *session) list() ([]imapwire.ListResponse, error) {
	command := `LIST "" "*"`
	if s.n.Has("SPECIAL-USE") && s.n.Has("LIST-EXTENDED") {
		command += " RETURN (SPECIAL-USE)"
	}
	s.n.TakeListResponses() // of an earlier one
	_, err := s.await(s.n.Send(command, nil))
	return s.n.TakeListResponses(), err
}

// holds describes the open folder for a report.
func (s *session) holds() string {
	return fmt.Sprintf("%q holds %d emails", quote.Line(s.conf.Folder, imapwire.MaxTold), s.opened.Exists)
}

// capabilities lists them as the server gave them last, sorted.
func (s *session) capabilities() []string {
	var list []string
	for c := range s.n.Capabilities() {
		list = append(list, quote.Line(c, imapwire.MaxTold))
	}
	slices.Sort(list)
	return list
}

// nearest returns the names closest to the one wanted, quoted.
func nearest(want string, folders []imapwire.ListResponse) []string {
	type candidate struct {
		name     string
		distance int
	}
	var all []candidate
	for _, f := range folders {
		if !f.NoSelect && len(f.Name) <= imapwire.MaxMailboxName {
			all = append(all, candidate{f.Name, nameDistance(want, f.Name)})
		}
	}
	slices.SortFunc(all, func(a, b candidate) int {
		if a.distance != b.distance {
			return a.distance - b.distance
		}
		return strings.Compare(a.name, b.name)
	})
	var out []string
	for _, c := range all[:min(len(all), maxNear)] {
		out = append(out, fmt.Sprintf("%q", quote.Line(c.name, imapwire.MaxTold)))
	}
	return out
}

// nameDistance is the edit distance; a name that ends in the wanted one
// ("INBOX.Phish" for "Phish") is next to it.
func nameDistance(want, name string) int {
	if w, n := strings.ToLower(want), strings.ToLower(name); strings.HasSuffix(n, w) {
		return min(1, len(n)-len(w))
	}
	return quote.Distance(want, name)
}
