package ingest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"example.org/imap-integration/evidence"
	"example.org/imap-integration/mailbox"
	"example.org/imap-integration/message"
	"example.org/imap-integration/quote"
	"example.org/imap-integration/soar"
)

// Statuses of an object.
const (
	statusSaved   = "saved"
	statusExisted = "existed"
	statusFailed  = "failed"
)

// Object is one email of the daemon's result (contract.md, section 3).
type Object struct {
	CloudSOARMailID string `json:"cloud_soar_mail_id"`
	Status          string `json:"status"`
	soar.Mail
	Checkpoint string `json:"checkpoint"`
}

// resultInMemory is how much of a result is kept in memory before it goes to a temporary file.
const resultInMemory = 1 << 20

// Result is what a run hands over. Objects are encoded as they come and spooled,
// so memory does not grow with the mailbox.
type Result struct {
	r       *run
	mem     bytes.Buffer
	file    *os.File // unlinked; nil while mem is enough
	out     *bufio.Writer
	spooled []spooled
	patches map[int]*patch
	scratch []byte // of the object that is being encoded
	ids     []soar.ID
	uids    []mailbox.UID
	err     error
	// filed are the emails of the folder that after_import is for, leftovers those of earlier runs.
	filed, leftovers []mailbox.UID
	notes            notes   // for the store's ledger
	before           *Result // that of the folder before, in a run over several
	halfWay          error   // why the run ended before it was through
}

// spooled is where an object lies in the spool. Its checkpoint, and before that
// its problems, are its last keys, because both may still change.
type spooled struct {
	end      int64
	tail     int  // bytes from behind its problems to the end
	problems bool // it has some
	saved    bool // the store has it
	id       soar.ID
	key      string
	uid      mailbox.UID
}

// patch is what became known of an object after it was encoded.
type patch struct {
	copies     []copied
	checkpoint string
}

// copied is a second copy of an email.
type copied struct {
	uid    mailbox.UID
	folder string // "" where it is in the folder of the first
}

func newResult(r *run) *Result { return &Result{r: r, patches: map[int]*patch{}} }

// Len is how many objects there are.
func (s *Result) Len() int { return len(s.spooled) }

// add appends an object. An error means that the result cannot be kept whole.
func (s *Result) add(o object, checkpoint string) error {
	id, status := string(o.id), statusSaved
	switch {
	case o.refused != "":
		id, status = "", statusFailed
	case o.existed:
		status = statusExisted
	}
	if s.r.o.DryRun { // a checkpoint that passes what was not saved would lose it
		id, checkpoint = "", ""
	}
	s.scratch = o.mail.AppendJSON(s.scratch[:0])
	head, tail := objectHead(id, status), objectTail(checkpoint)
	size, err := s.write(head, s.scratch[1:len(s.scratch)-1], tail)
	if err != nil {
		s.err = fmt.Errorf("cannot keep the result until it is complete: %w; free space in the folder for temporary files (TMPDIR)", err)
		return s.err
	}
	start := int64(0)
	if n := len(s.spooled); n > 0 {
		start = s.spooled[n-1].end
	}
	s.spooled = append(s.spooled, spooled{end: start + size, tail: len(tail), problems: len(o.mail.Problems) > 0, saved: o.refused == "", id: o.id, key: o.key, uid: o.mail.UID})
	if o.refused == "" {
		s.ids = append(s.ids, o.id)
	}
	for _, u := range o.uids {
		s.acknowledges(u, o.refused == "")
		switch {
		case o.refused != "":
			s.notes.of(u, evidence.Entry{Event: evidence.Failed, Size: o.mail.Size, SHA256: o.mail.SHA256, Detail: o.refused})
		case o.held:
			s.notes.belongs(u, o.id)
			s.notes.of(u, evidence.Entry{Event: evidence.Existed})
		default:
			s.notes.belongs(u, o.id)
		}
	}
	return nil
}

// objectHead and objectTail are what stands before and behind the keys of the
// encoded email in an [Object]. An id, a status and a checkpoint have nothing that JSON escapes.
func objectHead(id, status string) []byte {
	return []byte(`{"cloud_soar_mail_id":"` + id + `","status":"` + status + `",`)
}

func objectTail(checkpoint string) []byte { return []byte(`,"checkpoint":"` + checkpoint + `"}`) }

// write appends pieces to the spool and returns their size.
func (s *Result) write(pieces ...[]byte) (size int64, err error) {
	for _, p := range pieces {
		size += int64(len(p))
	}
	if s.file == nil && s.mem.Len()+int(size) > resultInMemory {
		if err := s.toFile(); err != nil {
			return 0, err
		}
	}
	for _, p := range pieces {
		if s.file == nil {
			s.mem.Write(p)
		} else if _, err := s.out.Write(p); err != nil {
			return 0, err
		}
	}
	return size, nil
}

// toFile goes on in a temporary file, which has no name for longer than it takes to drop it.
func (s *Result) toFile() error {
	f, err := os.CreateTemp(s.r.o.TempDir, "imap-integration-result-*")
	if err != nil {
		return err
	}
	if err := os.Remove(f.Name()); err != nil {
		f.Close()
		return err
	}
	s.file, s.out = f, bufio.NewWriterSize(f, 256<<10)
	return nil
}

// copy notes a second copy of object i.
func (s *Result) copy(i int, c copied) {
	p := s.patch(i)
	p.copies = append(p.copies, c)
	if c.folder == "" {
		s.acknowledgesCopy(c.uid, s.spooled[i])
	}
}

// acknowledgesCopy notes a copy, in this folder, of an object.
func (s *Result) acknowledgesCopy(uid mailbox.UID, first spooled) {
	s.acknowledges(uid, first.saved)
	if first.saved {
		s.notes.belongs(uid, first.id)
		s.notes.of(uid, evidence.Entry{Event: evidence.Existed})
	}
}

// acknowledges notes an email that is acknowledged with an object of another UID or folder.
func (s *Result) acknowledges(uid mailbox.UID, saved bool) {
	s.uids = append(s.uids, uid)
	if saved {
		s.filed = append(s.filed, uid)
	}
}

// moveCheckpoint replaces the checkpoint of the last object, which may be one of a folder before.
func (s *Result) moveCheckpoint(checkpoint string) {
	switch n := s.Len(); {
	case s.r.o.DryRun:
	case n > 0:
		s.patch(n - 1).checkpoint = checkpoint
	case s.before != nil:
		s.before.moveCheckpoint(checkpoint)
	}
}

func (s *Result) patch(i int) *patch {
	if s.patches[i] == nil {
		s.patches[i] = &patch{}
	}
	return s.patches[i]
}

// Write writes the JSON array and a newline.
func (s *Result) Write(w io.Writer) error {
	b := bufio.NewWriterSize(w, 64<<10)
	b.WriteByte('[')
	if err := s.writeObjects(b); err != nil {
		return err
	}
	b.WriteString("]\n")
	return b.Flush()
}

// writeObjects writes them, separated by commas.
func (s *Result) writeObjects(b *bufio.Writer) error {
	spool, err := s.spool()
	if err != nil {
		return err
	}
	objects := newObjectWriter(b, spool)
	start := int64(0)
	for i, at := range s.spooled {
		if i > 0 {
			b.WriteByte(',')
		}
		if err := objects.write(start, at, s.patches[i]); err != nil {
			return err
		}
		start = at.end
	}
	return nil
}

// spool returns the encoded objects, back to back.
func (s *Result) spool() (io.ReaderAt, error) {
	if s.file == nil {
		return bytes.NewReader(s.mem.Bytes()), nil
	}
	if err := s.out.Flush(); err != nil {
		return nil, err
	}
	return &joined{head: s.mem.Bytes(), tail: s.file}, nil
}

// objectWriter takes objects out of a spool. Its buffer is there because a writer that
// has a ReadFrom, as a file has, would be given a new one for each object.
type objectWriter struct {
	w     io.Writer
	spool io.ReaderAt
	buf   []byte
}

func newObjectWriter(w io.Writer, spool io.ReaderAt) objectWriter {
	return objectWriter{struct{ io.Writer }{w}, spool, make([]byte, 32<<10)}
}

// write writes the object from start to at, with what became known of it later.
func (o objectWriter) write(start int64, at spooled, p *patch) error {
	part := func(from, to int64) error {
		_, err := io.CopyBuffer(o.w, io.NewSectionReader(o.spool, from, to-from), o.buf)
		return err
	}
	if p == nil {
		return part(start, at.end)
	}
	behind := at.end - int64(at.tail)
	end, problem := behind, ""
	if len(p.copies) > 0 {
		end--
		problem = copiesProblem(p.copies) + "]"
		if at.problems {
			problem = "," + problem
		}
	}
	if err := part(start, end); err != nil {
		return err
	}
	if _, err := io.WriteString(o.w, problem); err != nil {
		return err
	}
	if p.checkpoint == "" {
		return part(behind, at.end)
	}
	_, err := o.w.Write(objectTail(p.checkpoint))
	return err
}

// copiesProblem is the problem in JSON.
func copiesProblem(copies []copied) string {
	detail, _ := json.Marshal(copiesDetail(copies)) // a string cannot fail
	return `{"code":"` + message.CodeCopies + `","detail":` + string(detail) + `}`
}

// copiesDetail names the UIDs of copies, and the folders of those in another one.
func copiesDetail(copies []copied) string {
	var b strings.Builder
	b.WriteString("the same email is there again under UID ")
	for i, c := range copies {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(strconv.FormatUint(uint64(c.uid), 10))
		if c.folder != "" {
			b.WriteString(" in " + quote.Text(c.folder, quote.Name))
		}
	}
	return b.String()
}

// Written acknowledges: the result stands on standard output. An error concerns
// the acknowledgement only; what is not acknowledged comes again as existed.
func (s *Result) Written(ctx context.Context) error {
	return errors.Join(s.handedOver(ctx), s.acknowledge(ctx), s.notes.tell(ctx, s.r))
}

// acknowledge tells the mail server.
func (s *Result) acknowledge(ctx context.Context) error {
	if s.marks() {
		uids := sorted(s.uids)
		if err := s.r.folder.MarkSeen(ctx, uids); err != nil {
			return unmarked(err)
		}
		s.notes.did(evidence.Marked, uids, `\Seen`)
	}
	if s.files() {
		return s.doAfter(ctx)
	}
	return nil
}

// handedOver tells the store.
func (s *Result) handedOver(ctx context.Context) error {
	if s.Len() == 0 || s.r.o.DryRun {
		return nil
	}
	return s.r.store.HandedOver(ctx, s.ids)
}

// files reports whether after_import has something to do.
func (s *Result) files() bool {
	return !s.r.o.DryRun && !s.r.o.After.None() && len(s.filed)+len(s.leftovers) > 0
}

// marks reports whether emails are marked as read.
func (s *Result) marks() bool {
	return !s.r.o.DryRun && len(s.uids) > 0 && s.r.o.FetchType == Unseen && s.r.o.MarkAsSeen
}

func unmarked(err error) error {
	return fmt.Errorf("cannot mark the emails that were handed over as read: %w; the next run hands them over again", err)
}

// Checkpoint is that of the last object; "" when there is none.
func (s *Result) Checkpoint() string {
	if s.Len() == 0 {
		return ""
	}
	return s.r.checkpoint()
}

// Close frees what the result holds.
func (s *Result) Close() error {
	if s.file == nil {
		return nil
	}
	return s.file.Close()
}

// joined reads a head in memory and the tail in a file as one.
type joined struct {
	head []byte
	tail io.ReaderAt
}

func (j *joined) ReadAt(p []byte, off int64) (n int, err error) {
	if off < int64(len(j.head)) {
		n = copy(p, j.head[off:])
		if n == len(p) {
			return n, nil
		}
	}
	m, err := j.tail.ReadAt(p[n:], max(0, off-int64(len(j.head))))
	return n + m, err
}
