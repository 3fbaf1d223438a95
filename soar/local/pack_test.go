package local

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.org/imap-integration/message"
	"example.org/imap-integration/soar"
	"example.org/imap-integration/soar/packing"
)

// noise is text that no compression makes shorter.
func noise(n int) string {
	random := rand.New(rand.NewPCG(1, uint64(n)))
	raw := make([]byte, n)
	for i := range raw {
		raw[i] = byte(random.Uint32())
	}
	return base64.StdEncoding.EncodeToString(raw)[:n]
}

// withTexts gives a draft two bodies.
func withTexts(d *soar.Draft, text, html string) *soar.Draft {
	d.BodyText, d.BodyHTML = text, html
	return d
}

// packable are drafts on every side of what packing decides.
func packable() []*soar.Draft {
	long := strings.Repeat("an invoice is overdue, ", 2000)
	drafts := []*soar.Draft{
		withTexts(draft(1, "short"), "short", ""),
		withTexts(draft(2, long), long, "<p>"+long),
		withTexts(draft(3, noise(100_000)), noise(5000), long),
		withTexts(draft(4, long+noise(packing.ChunkSize)), long, noise(5000)),
		draft(5, strings.Repeat(long, 80)+noise(2*packing.ChunkSize)+strings.Repeat(long, 80)),
		draft(6, ""),
		draft(7, strings.Repeat("x", packing.ChunkSize)),
		draft(8, strings.Repeat("x", packing.ChunkSize+1)),
		draft(9, "no content"),
	}
	drafts[8].Raw = nil
	return drafts
}

// TestEveryMailComesBack saves packable emails, prepared or not, and reads all of them back.
func TestEveryMailComesBack(t *testing.T) {
	for _, ahead := range []bool{false, true} {
		t.Run(fmt.Sprintf("prepared %t", ahead), func(t *testing.T) {
			s := newStore(t)
			want := packable()
			for _, d := range packable() {
				if ahead {
					s.Prepare(d)
				}
				save(t, s, d)
			}
			checkAll(t, s, want)
		})
	}
}

func checkAll(t *testing.T, s *Store, want []*soar.Draft) {
	t.Helper()
	ctx := context.Background()
	for i, d := range want {
		id := soar.NumberID(int64(i + 1))
		record, err := s.Get(ctx, id)
		d.Normalize()
		record.Headers = d.Headers
		if diff := cmp.Diff(d.Metadata, record.Metadata); err != nil || diff != "" {
			t.Errorf("record %s: %v %.500s", id, err, diff)
		}
		raw, err := s.EML(ctx, id, int64(len(d.Raw)))
		if d.Raw == nil {
			if err == nil || !strings.Contains(err.Error(), soar.ErrNoContent.Error()) {
				t.Errorf("mail %s without content: %v", id, err)
			}
		} else if err != nil || !bytes.Equal(raw, d.Raw) {
			t.Errorf("mail %s: %d bytes and not %d, %v", id, len(raw), len(d.Raw), err)
		}
		if _, err := s.EML(ctx, id, int64(len(d.Raw))-1); len(d.Raw) > 1 && (err == nil || !strings.Contains(err.Error(), "limit")) {
			t.Errorf("mail %s over the limit: %v", id, err)
		}
	}
}

// TestPreparedNeedsNoRaw: what Prepare leaves does not share memory with the email.
func TestPreparedNeedsNoRaw(t *testing.T) {
	s := newStore(t)
	for i, content := range []string{"short", noise(5000), strings.Repeat("y", 5000)} {
		d := draft(message.UID(i+1), content)
		buffer := d.Raw
		s.Prepare(d)
		if d.Raw != nil {
			t.Fatalf("mail %d keeps its raw bytes", i)
		}
		clear(buffer)
		save(t, s, d)
		if raw, err := s.EML(context.Background(), soar.NumberID(int64(i+1)), 0); err != nil || string(raw) != content {
			t.Errorf("mail %d: %.40q, %v", i, raw, err)
		}
	}
}

func TestPackedIsSmaller(t *testing.T) {
	s := newStore(t)
	long := strings.Repeat("an invoice is overdue, ", 20_000)
	d := withTexts(draft(1, long), long, long)
	s.Prepare(d)
	save(t, s, d)
	var stored int
	row := s.read.QueryRowContext(t.Context(), `SELECT length(raw) + length(body_text) + length(body_html) FROM contents c JOIN records r ON r.mail_id = c.mail_id`)
	if err := row.Scan(&stored); err != nil || stored == 0 || stored > len(long)/4 {
		t.Errorf("%d bytes for three times %d, %v", stored, len(long), err)
	}
}

// TestDamagedPackedValue: what cannot be unpacked is an error, never another text.
func TestDamagedPackedValue(t *testing.T) {
	for _, damage := range []string{"x'00'", "x'ffffffff7f'", "x''", "raw || x'00'", "(SELECT raw FROM contents c WHERE c.slot <> contents.slot)", "substr(raw, 1, length(raw) - 1)"} {
		s := newStore(t)
		save(t, s, draft(1, strings.Repeat("an invoice is overdue, ", 100)), draft(2, strings.Repeat("another length, ", 200)))
		if _, err := s.write.Exec("UPDATE contents SET raw = CAST(" + damage + " AS BLOB) WHERE mail_id = 1"); err != nil {
			t.Fatal(err)
		}
		if raw, err := s.EML(context.Background(), "1", 0); err == nil || !strings.Contains(err.Error(), "damaged") {
			t.Errorf("%s: %d bytes, %v", damage, len(raw), err)
		}
	}
}

// toVersion1 makes a store what version 1 of the schema was.
const toVersion1 = `ALTER TABLE mails DROP COLUMN content_size; ALTER TABLE records DROP COLUMN packed; ALTER TABLE contents DROP COLUMN packed; DROP TABLE ledger; PRAGMA user_version=1;`

// version1 makes a store of version 1 with all packable emails in it.
func version1(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "soar.db")
	s := open(t, path, Options{})
	for i, d := range packable() {
		in := s.incomingOf(&soar.Draft{Metadata: d.Metadata, Raw: []byte{}})
		if d.Raw == nil {
			in = s.incomingOf(&soar.Draft{Metadata: d.Metadata})
		}
		if err := saveUnpacked(s, d, in); err != nil {
			t.Fatalf("mail %d: %v", i, err)
		}
	}
	if _, err := s.write.Exec(toVersion1); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// saveUnpacked writes an email as version 1 did.
func saveUnpacked(s *Store, d *soar.Draft, in incoming) error {
	id := int64(d.UID)
	r, ctx := in.row, context.Background()
	if err := s.prepareStatements(ctx); err != nil {
		return err
	}
	r.Text, r.HTML, r.Packed = []byte(d.BodyText), []byte(d.BodyHTML), 0
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if _, err := s.insertMail(ctx, tx, in); err != nil {
		return err
	}
	n := 0
	for chunk := range packing.ChunksOf(d.Raw) {
		if _, err := tx.Exec(`INSERT INTO contents (slot, mail_id, raw) VALUES (?, ?, ?)`, slot(id, n), id, chunk); err != nil {
			return err
		}
		n++
	}
	return tx.Commit()
}

func TestStoreOfVersion1(t *testing.T) {
	ctx := context.Background()
	path := version1(t)
	reading := open(t, path, Options{ReadOnly: true})
	checkAll(t, reading, packable())
	if page, err := reading.Search(ctx, soar.Query{}); err != nil || page.Total != len(packable()) {
		t.Errorf("search: %d, %v", page.Total, err)
	}
	var version int
	if err := reading.read.QueryRowContext(t.Context(), "PRAGMA user_version").Scan(&version); err != nil || version != 1 {
		t.Errorf("a read-only store was brought to version %d, %v", version, err)
	}
	old := filepath.Join(t.TempDir(), "old.db") // the way back is a back-up from before
	if r := backup(t, reading, old); r.Emails != len(packable()) {
		t.Errorf("the back-up: %+v", r)
	}
	var log bytes.Buffer
	s := open(t, path, Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
	if told := log.String(); strings.Count(told, "newer schema") != 1 || !strings.Contains(told, fmt.Sprintf("from=1 to=%d", schemaVersion)) {
		t.Errorf("the log of the upgrade: %s", told)
	}
	checkAll(t, s, packable())
	checkAll(t, open(t, old, Options{ReadOnly: true}), packable())
	if err := s.read.QueryRowContext(t.Context(), "PRAGMA user_version").Scan(&version); err != nil || version != schemaVersion {
		t.Errorf("version %d, %v", version, err)
	}
	long := withTexts(draft(10, strings.Repeat("z", 10_000)), strings.Repeat("t", 10_000), "")
	if got := save(t, s, long, packable()[1]); got[0] != (soar.Saved{ID: "10"}) || !got[1].Existed {
		t.Errorf("afterwards: %+v", got)
	}
	checkAll(t, open(t, path, Options{}), append(packable(), long))
}
