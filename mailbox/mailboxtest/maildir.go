package mailboxtest

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

// Delivery says how an email arrives.
type Delivery struct {
	Seen  bool
	Flags string    // Maildir letters besides S: F flagged, R answered, D draft, T deleted, P passed
	When  time.Time // INTERNALDATE; zero: now
}

// Stored is an email as Dovecot shows it.
type Stored struct {
	UID          uint32
	Flags        []string
	InternalDate time.Time
	Raw          []byte // nil unless asked for
}

// HasFlag reports whether the email carries this flag, in any case.
func (s Stored) HasFlag(flag string) bool {
	return slices.ContainsFunc(s.Flags, func(f string) bool { return strings.EqualFold(f, flag) })
}

// FolderStatus is what STATUS says of a folder.
type FolderStatus struct {
	Messages, Unseen, UIDValidity, UIDNext uint32
}

// Deliver puts an email into the INBOX as a delivery agent would. Its line ends
// must be CRLF: Dovecot then serves it byte for byte.
func (d *Dovecot) Deliver(u User, raw []byte, how Delivery) {
	top := d.maildir(u)
	letters := strings.Split(how.Flags, "")
	if how.Seen {
		letters = append(letters, "S")
	}
	slices.Sort(letters) // Maildir wants them so
	base := d.fileName(len(raw))
	tmp := filepath.Join(top, "tmp", base)
	d.must(os.WriteFile(tmp, raw, 0o644))
	if !how.When.IsZero() {
		d.must(os.Chtimes(tmp, how.When, how.When)) // Dovecot takes INTERNALDATE from the file
	}
	d.must(os.Chown(tmp, d.own.uid, d.own.gid))
	to := filepath.Join(top, "new", base)
	if flags := strings.Join(letters, ""); flags != "" {
		to = filepath.Join(top, "cur", base+":2,"+flags)
	}
	d.must(os.Rename(tmp, to))
}

func (d *Dovecot) fileName(size int) string {
	d.own.mu.Lock()
	defer d.own.mu.Unlock()
	d.own.files++
	return fmt.Sprintf("%d.M%d.mailboxtest,S=%d", 1_700_000_000+d.own.files, d.own.files, size)
}

// maildir returns the user's mail folder, made as needed.
func (d *Dovecot) maildir(u User) string {
	top := filepath.Join(u.home, "Maildir")
	if _, err := os.Stat(filepath.Join(top, "cur")); err == nil {
		return top
	}
	for _, dir := range []string{u.home, top, filepath.Join(top, "tmp"), filepath.Join(top, "new"), filepath.Join(top, "cur")} {
		d.must(os.MkdirAll(dir, 0o755))
		d.must(os.Chown(dir, d.own.uid, d.own.gid))
	}
	return top
}

// Remove deletes the user's mail from the disk, for a caller that uses very many mailboxes.
// A session that is just ending may still write there.
func (d *Dovecot) Remove(u User) {
	err := os.RemoveAll(u.home)
	for tries := 0; err != nil && tries < 100; tries++ {
		time.Sleep(20 * time.Millisecond)
		err = os.RemoveAll(u.home)
	}
	d.must(err)
}

// CreateFolder makes a folder; the name is UTF-8.
func (d *Dovecot) CreateFolder(u User, name string) {
	d.session(u, func(c *imapclient.Client) error { return c.Create(name, nil).Wait() })
}

// Append puts an email into a folder by IMAP and returns its UID.
func (d *Dovecot) Append(u User, folder string, raw []byte, how Delivery) uint32 {
	options := &imap.AppendOptions{Time: how.When}
	if how.Seen {
		options.Flags = []imap.Flag{imap.FlagSeen}
	}
	var uid imap.UID
	d.session(u, func(c *imapclient.Client) error {
		cmd := c.Append(folder, int64(len(raw)), options)
		_, err := cmd.Write(raw)
		if err := errors.Join(err, cmd.Close()); err != nil {
			return err
		}
		data, err := cmd.Wait()
		if err != nil {
			return err
		}
		uid = data.UID
		return nil
	})
	return uint32(uid)
}

// Emails lists a folder in UID order without changing it.
func (d *Dovecot) Emails(u User, folder string, withRaw bool) []Stored {
	var emails []Stored
	d.session(u, func(c *imapclient.Client) error {
		selected, err := c.Select(folder, &imap.SelectOptions{ReadOnly: true}).Wait()
		if err != nil || selected.NumMessages == 0 {
			return err
		}
		options := &imap.FetchOptions{UID: true, Flags: true, InternalDate: true}
		if withRaw {
			options.BodySection = []*imap.FetchItemBodySection{{Peek: true}}
		}
		got, err := c.Fetch(imap.UIDSet{{Start: 1, Stop: 0}}, options).Collect()
		for _, m := range got {
			emails = append(emails, stored(m))
		}
		return err
	})
	slices.SortFunc(emails, func(a, b Stored) int { return int(a.UID) - int(b.UID) })
	return emails
}

func stored(m *imapclient.FetchMessageBuffer) Stored {
	s := Stored{UID: uint32(m.UID), InternalDate: m.InternalDate.UTC()}
	for _, f := range m.Flags {
		s.Flags = append(s.Flags, string(f))
	}
	for _, section := range m.BodySection {
		s.Raw = section.Bytes
	}
	return s
}

// Seen lists the UIDs of the INBOX that carry \Seen.
func (d *Dovecot) Seen(u User) []uint32 {
	seen := []uint32{}
	for _, m := range d.Emails(u, "INBOX", false) {
		if m.HasFlag(`\Seen`) {
			seen = append(seen, m.UID)
		}
	}
	return seen
}

// Status asks for the state of a folder.
func (d *Dovecot) Status(u User, folder string) FolderStatus {
	var status FolderStatus
	d.session(u, func(c *imapclient.Client) error {
		got, err := c.Status(folder, &imap.StatusOptions{NumMessages: true, NumUnseen: true, UIDNext: true, UIDValidity: true}).Wait()
		if err != nil {
			return err
		}
		status = FolderStatus{Messages: *got.NumMessages, Unseen: *got.NumUnseen, UIDValidity: got.UIDValidity, UIDNext: uint32(got.UIDNext)}
		return nil
	})
	return status
}

// SetFlag sets or clears a flag of an email in the INBOX.
func (d *Dovecot) SetFlag(u User, uid uint32, flag string, set bool) {
	op := imap.StoreFlagsDel
	if set {
		op = imap.StoreFlagsAdd
	}
	d.session(u, func(c *imapclient.Client) error {
		if _, err := c.Select("INBOX", nil).Wait(); err != nil {
			return err
		}
		store := &imap.StoreFlags{Op: op, Silent: true, Flags: []imap.Flag{imap.Flag(flag)}}
		return c.Store(imap.UIDSetNum(imap.UID(uid)), store, nil).Close()
	})
}

// Expunge removes emails from the INBOX for good; other sessions are told.
func (d *Dovecot) Expunge(u User, uids ...uint32) {
	var set imap.UIDSet
	for _, uid := range uids {
		set.AddNum(imap.UID(uid))
	}
	d.session(u, func(c *imapclient.Client) error {
		if _, err := c.Select("INBOX", nil).Wait(); err != nil {
			return err
		}
		store := &imap.StoreFlags{Op: imap.StoreFlagsAdd, Silent: true, Flags: []imap.Flag{imap.FlagDeleted}}
		return errors.Join(c.Store(set, store, nil).Close(), c.UIDExpunge(set).Close())
	})
}

// SetUIDs gives the INBOX this UIDVALIDITY (0: as it is) and its emails these
// UIDs, in their present order, which need not be ascending. No session may
// have the folder open.
func (d *Dovecot) SetUIDs(u User, uidValidity uint32, uids ...uint32) {
	old := d.Emails(u, "INBOX", false)
	if len(old) != len(uids) {
		d.must(fmt.Errorf("%d UIDs for %d emails", len(uids), len(old)))
	}
	list := d.uidlist(u)
	renamed := map[uint32]string{}
	for i, m := range old {
		renamed[uids[i]] = list.files[m.UID]
	}
	list.files = renamed
	d.writeUIDList(u, list, uidValidity)
}

// Renumber gives the INBOX another UIDVALIDITY and counts its emails anew from 1.
func (d *Dovecot) Renumber(u User, uidValidity uint32) {
	uids := []uint32{}
	for i := range d.Emails(u, "INBOX", false) {
		uids = append(uids, uint32(i)+1)
	}
	d.SetUIDs(u, uidValidity, uids...)
}

// uidList is Dovecot's file dovecot-uidlist, version 3.
type uidList struct {
	head  string            // "3 V<uidvalidity> N<uidnext> G<guid>"
	files map[uint32]string // UID → the rest of the line
}

func (d *Dovecot) uidlist(u User) uidList {
	text, err := os.ReadFile(filepath.Join(d.maildir(u), "dovecot-uidlist"))
	d.must(err)
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	list := uidList{head: lines[0], files: map[uint32]string{}}
	for _, line := range lines[1:] {
		number, rest, _ := strings.Cut(line, " ")
		uid, err := strconv.ParseUint(number, 10, 32)
		d.must(err)
		list.files[uint32(uid)] = rest
	}
	return list
}

var (
	validityField = expression(`V\d+`)
	nextField     = expression(`N\d+`)
)

func (d *Dovecot) writeUIDList(u User, list uidList, uidValidity uint32) {
	if uidValidity != 0 {
		list.head = validityField().ReplaceAllString(list.head, fmt.Sprintf("V%d", uidValidity))
	}
	uids := []uint32{}
	for uid := range list.files {
		uids = append(uids, uid)
	}
	slices.Sort(uids)
	next := uint32(1)
	if len(uids) > 0 {
		next = uids[len(uids)-1] + 1
	}
	var out bytes.Buffer
	fmt.Fprintln(&out, nextField().ReplaceAllString(list.head, fmt.Sprintf("N%d", next)))
	for _, uid := range uids {
		fmt.Fprintf(&out, "%d %s\n", uid, list.files[uid])
	}
	top := d.maildir(u)
	path := filepath.Join(top, "dovecot-uidlist")
	d.must(os.WriteFile(path, out.Bytes(), 0o644))
	d.must(os.Chown(path, d.own.uid, d.own.gid))
	// The index would bring the old numbers back.
	indexes, err := filepath.Glob(filepath.Join(top, "dovecot.index*"))
	d.must(err)
	for _, index := range indexes {
		d.must(os.Remove(index))
	}
}

// session runs f on a connection of its own.
func (d *Dovecot) session(u User, f func(*imapclient.Client) error) {
	d.must(func() error {
		c, err := imapclient.DialTLS(fmt.Sprintf("127.0.0.1:%d", d.TLS), &imapclient.Options{TLSConfig: d.ClientTLS()})
		if err != nil {
			return err
		}
		defer c.Close()
		if err := c.Login(u.Name, u.Password).Wait(); err != nil {
			return err
		}
		return f(c)
	}())
}

// WriteFile writes a file of Dovecot's folder, which its processes may read.
func (d *Dovecot) WriteFile(name, text string) {
	d.must(errors.Join(os.MkdirAll(filepath.Dir(d.path(name)), 0o755), os.WriteFile(d.path(name), []byte(text), 0o644)))
}
