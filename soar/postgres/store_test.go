package postgres_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"example.org/imap-integration/evidence"
	"example.org/imap-integration/message"
	"example.org/imap-integration/secret"
	"example.org/imap-integration/soar"
	"example.org/imap-integration/soar/packing"
	"example.org/imap-integration/soar/postgres"
	"example.org/imap-integration/soar/postgres/postgrestest"
	"example.org/imap-integration/soar/storetest"
	"example.org/imap-integration/transport"
	"example.org/imap-integration/transport/transporttest"
)

func TestMain(m *testing.M) { os.Exit(postgrestest.Run(m)) }

const account, inbox = "soc@corp.example", "INBOX"

// open opens a store.
func open(t testing.TB, c postgres.Config) *postgres.Store {
	t.Helper()
	s, err := postgres.Open(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// newStore opens a store in a new database, whose name it returns too.
func newStore(t testing.TB) (s *postgres.Store, server *postgrestest.Server, database string) {
	t.Helper()
	server = postgrestest.Start(t)
	database = server.Database(t)
	return open(t, postgres.Config{URL: secret.New(server.URL(database))}), server, database
}

// sql asks psql, which knows nothing of the store.
func sql(t testing.TB, server *postgrestest.Server, database, statement string) string {
	t.Helper()
	out, err := server.SQL(database, statement)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// draft is an email of the account's inbox.
func draft(uid int, raw string) *soar.Draft {
	sum := sha256.Sum256([]byte(raw))
	d := &soar.Draft{Raw: []byte(raw), Metadata: soar.Metadata{SourceKey: hex.EncodeToString(sum[:]), Mail: soar.Mail{
		MailboxAccount: account, Folder: inbox, UIDValidity: 4294967295, UID: message.UID(uid),
		MessageID: fmt.Sprintf("m%d@corp.example", uid), Subject: fmt.Sprintf("mail %d", uid), From: "Alice@one.example",
		ReceivedAt: time.Date(2026, 9, uid%28+1, 12, 0, 0, 0, time.UTC).Format(time.RFC3339), Size: int64(len(raw)), Headers: soar.Headers{},
	}}}
	d.Normalize()
	return d
}

func save(t testing.TB, s *postgres.Store, drafts ...*soar.Draft) []soar.Saved {
	t.Helper()
	saved, err := s.Save(context.Background(), drafts)
	if err != nil {
		t.Fatal(err)
	}
	return saved
}

// noise is text that no compression makes shorter.
func noise(n int) string {
	random := rand.New(rand.NewPCG(1, uint64(n)))
	raw := make([]byte, n)
	for i := range raw {
		raw[i] = byte(random.Uint32())
	}
	return string(raw)
}

// TestSuite: it is a store like every other.
func TestSuite(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Store {
		s, _, _ := newStore(t)
		return s
	})
}

// TestLedger: its ledger is like that of every other store that keeps one.
func TestLedger(t *testing.T) {
	server := postgrestest.Start(t)
	database := server.Database(t)
	storetest.RunLedger(t, func(t *testing.T) storetest.Tampered { // new tables cost less than a new database
		sql(t, server, database, `DROP SCHEMA IF EXISTS imap_integration CASCADE`)
		s := open(t, postgres.Config{URL: secret.New(server.URL(database)), Program: "1.2"})
		return storetest.Tampered{Book: s, Change: func(t testing.TB, statement string) {
			if strings.Contains(statement, "records") {
				statement = strings.Replace(strings.Replace(statement, "records", "emails", 1), "email_id", "id", 1)
			}
			sql(t, server, database, `SET session_replication_role = replica; ALTER TABLE emails ALTER id DROP IDENTITY; `+statement)
		}}
	})
}

// TestEveryByteComesBack saves emails of every size and texts that a database
// dislikes, prepared or not, and reads all of them back.
func TestEveryByteComesBack(t *testing.T) {
	long := strings.Repeat("an invoice is overdue, ", 2000)
	emails := func() []*soar.Draft {
		odd := draft(1, "Subject: x\r\n\r\n\x00\xff\r\n")
		odd.MessageID, odd.Subject, odd.From, odd.BodyText = "a\x00b", "NUL \x00 and 名 \\ ' \" $1", "\x00@x", "NUL \x00 \u2028"
		odd.Headers = soar.Headers{{Name: "Z", Values: []string{"1", "\x00"}}, {Name: "A", Values: []string{"<&>"}}}
		odd.Problems = []message.Problem{{Code: "two_from", Detail: "\x00"}}
		odd.ReceivedAt = ""
		texts := draft(2, long)
		texts.BodyText, texts.BodyHTML = noise(5000), long
		texts.BodyText = hex.EncodeToString([]byte(texts.BodyText))
		none := draft(3, "no content")
		none.Raw = nil
		list := []*soar.Draft{odd, texts, none, draft(4, ""), draft(5, noise(100_000))}
		for i, n := range []int{packing.ChunkSize - 1, packing.ChunkSize, packing.ChunkSize + 1} {
			list = append(list, draft(6+i, strings.Repeat("x", n)))
		}
		return append(list, draft(9, noise(packing.ChunkSize+5)+long+noise(packing.ChunkSize)))
	}
	for _, ahead := range []bool{false, true} {
		t.Run(fmt.Sprintf("prepared %t", ahead), func(t *testing.T) {
			s, server, database := newStore(t)
			drafts := emails()
			if ahead {
				for _, d := range drafts {
					s.Prepare(d)
				}
			}
			saved := save(t, s, drafts...)
			for i, want := range emails() {
				checkEmail(t, s, saved[i].ID, want)
			}
			if stored := sql(t, server, database, `SELECT octet_length(raw) < 10000 FROM contents WHERE email_id = 7`); stored != "t" {
				t.Errorf("an email of one letter is stored as it is: %s", stored)
			}
		})
	}
}

func checkEmail(t *testing.T, s *postgres.Store, id soar.ID, want *soar.Draft) {
	t.Helper()
	ctx := context.Background()
	record, err := s.Get(ctx, id)
	if diff := cmp.Diff(want.Metadata, record.Metadata); err != nil || diff != "" {
		t.Errorf("record %s: %v %.500s", id, err, diff)
	}
	raw, err := s.EML(ctx, id, int64(len(want.Raw)))
	if want.Raw == nil {
		if !errors.Is(err, soar.ErrNoContent) {
			t.Errorf("email %s without content: %v", id, err)
		}
		return
	}
	if err != nil || !bytes.Equal(raw, want.Raw) {
		t.Errorf("email %s: %d bytes and not %d, %v", id, len(raw), len(want.Raw), err)
	}
	if _, err := s.EML(ctx, id, int64(len(want.Raw))-1); len(want.Raw) > 1 && (err == nil || !strings.Contains(err.Error(), "limit")) {
		t.Errorf("email %s over the limit: %v", id, err)
	}
}

// TestSavedOnceByMany: many processes save the same emails at the same time, each
// in another order. Each email is there once, and all are told the same id.
func TestSavedOnceByMany(t *testing.T) {
	first, server, database := newStore(t)
	const savers, emails = 4, 20
	stores := []*postgres.Store{first}
	for range savers - 1 {
		stores = append(stores, open(t, postgres.Config{URL: secret.New(server.URL(database))}))
	}
	told := make([]map[string]soar.ID, savers)
	var wg sync.WaitGroup
	for i, s := range stores {
		told[i] = map[string]soar.ID{}
		wg.Go(func() {
			for n := range emails { // in the same order, for two batches that wait for each other are PostgreSQL's to end
				a, b := draft(2*n, fmt.Sprint("a", n)), draft(2*n+1, fmt.Sprint("b", n))
				saved, err := s.Save(context.Background(), []*soar.Draft{a, b, a})
				if err != nil || saved[0].ID != saved[2].ID {
					t.Errorf("saver %d: %v %+v", i, err, saved)
					return
				}
				told[i][a.SourceKey], told[i][b.SourceKey] = saved[0].ID, saved[1].ID
			}
		})
	}
	wg.Wait()
	for i := range told {
		if !reflect.DeepEqual(told[0], told[i]) {
			t.Errorf("saver %d was told other ids", i)
		}
	}
	if n := sql(t, server, database, `SELECT count(*), count(DISTINCT source_key) FROM emails`); n != fmt.Sprintf("%d|%d", 2*emails, 2*emails) {
		t.Errorf("stored: %s", n)
	}
}

// TestAllOrNothing: a batch whose last email cannot be stored leaves nothing.
func TestAllOrNothing(t *testing.T) {
	s, server, database := newStore(t)
	keyless := draft(2, "b")
	keyless.SourceKey = ""
	if saved, err := s.Save(context.Background(), []*soar.Draft{draft(1, "a"), keyless}); err == nil || saved != nil {
		t.Errorf("saved: %+v", saved)
	}
	sql(t, server, database, `ALTER TABLE emails ADD CHECK (uid <> 13)`)
	_, err := s.Save(context.Background(), []*soar.Draft{draft(1, "a"), draft(13, "b")})
	if err == nil || !strings.Contains(err.Error(), "23514") || strings.Contains(err.Error(), server.Password()) {
		t.Errorf("error: %v", err)
	}
	if n := sql(t, server, database, `SELECT count(*) FROM emails`); n != "0" {
		t.Errorf("stored: %s", n)
	}
}

// TestReadOnly: what only reads makes nothing.
func TestReadOnly(t *testing.T) {
	server := postgrestest.Start(t)
	database := server.Database(t)
	ctx := context.Background()
	s := open(t, postgres.Config{URL: secret.New(server.URL(database)), ReadOnly: true})
	if page, err := s.Search(ctx, soar.Query{}); err != nil || page.Total != 0 {
		t.Errorf("search: %+v %v", page, err)
	}
	if _, err := s.EML(ctx, "1", 0); !errors.Is(err, soar.ErrNotFound) {
		t.Errorf("EML: %v", err)
	}
	if text, err := s.Check(ctx); err != nil || !strings.Contains(text, "no tables yet") {
		t.Errorf("check: %q %v", text, err)
	}
	if there := sql(t, server, database, `SELECT to_regnamespace('imap_integration') IS NULL`); there != "t" {
		t.Error("the schema was made")
	}
}

// TestVersions: an old program refuses tables of a newer one, and a step that
// fails leaves the old version whole.
func TestVersions(t *testing.T) {
	s, server, database := newStore(t)
	ctx := context.Background()
	steps := []string{`CREATE TABLE one (a int)`}
	for range 2 {
		if err := s.Upgrade(ctx, "test", steps); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Upgrade(ctx, "test", append(steps, `CREATE TABLE two (a int)`, `CREATE TABLE one (a int)`)); err == nil {
		t.Error("a step that cannot be done was done")
	}
	if left := sql(t, server, database, `SELECT to_regclass('two') IS NULL, version FROM versions WHERE part = 'test'`); left != "t|1" {
		t.Errorf("left: %s", left)
	}
	sql(t, server, database, `UPDATE versions SET version = 99 WHERE part = 'store'`)
	_, err := postgres.Open(ctx, postgres.Config{URL: secret.New(server.URL(database))})
	if err == nil || !strings.Contains(err.Error(), "version 99") || !strings.Contains(err.Error(), "newer imap-integration") {
		t.Errorf("a newer schema: %v", err)
	}
}

// TestLedgerOfAnOlderStore: tables of a program without a ledger are read as they
// are, and brought up at once; what they hold is counted and not vouched for. An
// older program that still runs cannot save any more.
func TestLedgerOfAnOlderStore(t *testing.T) {
	s, server, database := newStore(t)
	ctx := context.Background()
	save(t, s, draft(1, "a"), draft(2, "b"))
	sql(t, server, database, `DROP TABLE ledger; ALTER TABLE emails DROP ledger; UPDATE versions SET version = 1 WHERE part = 'store'`)
	c := postgres.Config{URL: secret.New(server.URL(database)), ReadOnly: true}
	old := open(t, c)
	if page, err := old.Search(ctx, soar.Query{}); err != nil || page.Total != 2 {
		t.Errorf("an older store, only read: %d emails, %v", page.Total, err)
	}
	if r, err := evidence.Check(ctx, old.Ledger(), evidence.Head{}); err != nil || r.Problem != "" || r.Entries != 0 || r.Unproved != 2 {
		t.Errorf("an older store, only read: %+v, %v", r, err)
	}
	c.ReadOnly = false
	fresh := open(t, c)
	if _, err := server.SQL(database, `INSERT INTO emails (source_key, mailbox_account, folder, uid_validity, uid, message_id, from_folded, subject_folded, created_at, metadata, body_text, body_html, packed)
		VALUES ('k', '', '', 1, 1, '', '', '', now(), '{}', '', '', 0)`); err == nil || !strings.Contains(err.Error(), "ledger") {
		t.Errorf("a program that knows no ledger saved an email: %v", err)
	}
	d := draft(3, "c")
	d.SHA256 = evidence.Digest(d.Raw)
	save(t, fresh, d)
	if r, err := evidence.Check(ctx, fresh.Ledger(), evidence.Head{}); err != nil || r.Problem != "" || r.Entries != 2 || r.Emails != 1 || r.Unproved != 2 {
		t.Errorf("after the upgrade: %+v, %v", r, err)
	}
}

// TestUpgradeByMany: of many programs that start at once, one makes the tables.
func TestUpgradeByMany(t *testing.T) {
	server := postgrestest.Start(t)
	url := secret.New(server.URL(server.Database(t)))
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			s, err := postgres.Open(context.Background(), postgres.Config{URL: url})
			if err != nil {
				t.Error(err)
				return
			}
			_ = s.Close()
		})
	}
	wg.Wait()
}

// TestAddresses says which addresses are taken. None of the sentences shows the password.
func TestAddresses(t *testing.T) {
	for _, c := range []struct{ address, wrong string }{
		{"postgres://u:Canary-1@db.example.com/soar", ""},
		{"postgresql://u@db.example.com:6543/soar?connect_timeout=5&application_name=soc", ""},
		{"postgres://u:Canary-1@db.example.com/soar?sslmode=verify-full", ""},
		{"postgres://u:Canary-1@a.example:5432,b.example:5433/soar?target_session_attrs=read-write", ""},
		{"postgres://u:Canary-1@127.0.0.1/soar?sslmode=disable", ""},
		{"postgres://u:Canary-1@db.example.com/soar?sslmode=disable", "in clear"},
		{"postgres://u:Canary-1@localhost,db.example.com/soar?sslmode=disable", "in clear"},
		{"postgres://u:Canary-1@db.example.com/soar?sslmode=require", "does not verify"},
		{"postgres://u:Canary-1@db.example.com/soar?sslmode=verify-ca", "does not verify"},
		{"postgres://u:Canary-1@db.example.com/soar?sslrootcert=/etc/passwd", "sslrootcert"},
		{"postgres://u:Canary-1@db.example.com/soar?host=evil.example", "host"},
		{"postgres://u:Canary-1@db.example.com/soar?%zz", "behind its ?"},
		{"postgres://u:Canary-1%@db.example.com/soar", "cannot be read"},
		{"postgres://u:Canary-1@db.example.com:99999999/soar", "cannot be read"},
		{"mysql://u:Canary-1@db/soar", "postgres://"},
	} {
		err := postgres.CheckURL(c.address)
		switch {
		case c.wrong == "" && err != nil:
			t.Errorf("%s: %v", c.address, err)
		case c.wrong != "" && (err == nil || !strings.Contains(err.Error(), c.wrong)):
			t.Errorf("%s: %v", c.address, err)
		case err != nil && strings.Contains(err.Error(), "Canary"):
			t.Errorf("the password is shown: %v", err)
		}
	}
}

// TestTLS: with verify-full the server's certificate counts, also on this machine.
func TestTLS(t *testing.T) {
	server := postgrestest.Start(t)
	database := server.Database(t)
	ours, err := transport.NewTrust(server.Authority.PEM)
	if err != nil {
		t.Fatal(err)
	}
	system, err := transport.NewTrust("")
	if err != nil {
		t.Fatal(err)
	}
	address := server.URL(database) + "?sslmode=verify-full"
	s := open(t, postgres.Config{URL: secret.New(address), Secure: ours.Secure})
	var encrypted bool
	err = s.Change(context.Background(), "read", func(tx pgx.Tx) error {
		return tx.QueryRow(context.Background(), `SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()`).Scan(&encrypted)
	})
	if err != nil || !encrypted {
		t.Errorf("encrypted: %t, %v", encrypted, err)
	}
	_, err = postgres.Open(context.Background(), postgres.Config{URL: secret.New(address), Secure: system.Secure})
	if err == nil || !strings.Contains(err.Error(), "authority") && !strings.Contains(err.Error(), "certificate") {
		t.Errorf("an unknown authority: %v", err)
	}
}

// TestSentences: what cannot be opened is told in one sentence with the next step and without the password.
func TestSentences(t *testing.T) {
	server := postgrestest.Start(t)
	database := server.Database(t)
	good := server.URL(database)
	sql(t, server, "postgres", `CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'`)
	sql(t, server, database, `CREATE ROLE poor LOGIN PASSWORD 'Canary-poor'`)
	for _, c := range []struct{ name, address, wants string }{
		{"password", strings.Replace(good, server.Password(), "Canary-wrong", 1), "check user and password"},
		{"database", strings.Replace(good, database, "nowhere", 1), "CREATE DATABASE"},
		{"nobody listens", "postgres://soar:Canary-x@" + transporttest.RefusedAddr(t) + "/soar", "refused"},
		{"encoding", strings.Replace(good, database, "latin", 1), "LATIN1"},
		{"rights", strings.Replace(strings.Replace(good, "soar:", "poor:", 1), server.Password(), "Canary-poor", 1), "owner"},
	} {
		_, err := postgres.Open(context.Background(), postgres.Config{URL: secret.New(c.address)})
		if err == nil || !strings.Contains(err.Error(), c.wants) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", c.name, err)
		} else if strings.Contains(err.Error(), "Canary") || strings.Contains(err.Error(), server.Password()) {
			t.Errorf("%s shows a password: %v", c.name, err)
		}
	}
}

// TestPasswords: the setting counts before the address, and PGPASSFILE where neither has one.
func TestPasswords(t *testing.T) {
	server := postgrestest.Start(t)
	database := server.Database(t)
	without := strings.Replace(server.URL(database), ":"+server.Password(), "", 1)
	wrong := strings.Replace(server.URL(database), server.Password(), "wrong", 1)
	open(t, postgres.Config{URL: secret.New(wrong), Password: secret.New(server.Password())})
	file := filepath.Join(t.TempDir(), "pgpass")
	if err := os.WriteFile(file, fmt.Appendf(nil, "localhost:*:*:soar:%s\n", server.Password()), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PGPASSFILE", file)
	open(t, postgres.Config{URL: secret.New(without)})
}

// TestDatabaseRestarts: a store that is open goes on after its database was cut off.
func TestDatabaseRestarts(t *testing.T) {
	server := postgrestest.StartOwn(t)
	s := open(t, postgres.Config{URL: secret.New(server.URL(server.Database(t)))})
	save(t, s, draft(1, "a"))
	server.Stop()
	if _, err := s.Save(context.Background(), []*soar.Draft{draft(2, "b")}); err == nil || !strings.HasPrefix(err.Error(), "cannot save in the database") {
		t.Errorf("while it is down: %v", err)
	}
	if err := server.Restart(); err != nil {
		t.Fatal(err)
	}
	saved := save(t, s, draft(1, "a"), draft(2, "b"))
	if !saved[0].Existed || saved[1].Existed {
		t.Errorf("afterwards: %+v", saved)
	}
}

// TestFlippedBytesOfAStoreLong flips one bit of each of 500 random bytes of what the
// tables hold of emails: each is found, and named.
func TestFlippedBytesOfAStoreLong(t *testing.T) {
	s, server, database := newStore(t)
	head := storetest.Eventful(t, s)
	ctx := t.Context()
	conn, err := pgx.Connect(ctx, server.URL(database)+"?search_path=imap_integration&session_replication_role=replica")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	places := []string{
		"ledger.line", "ledger.link", "emails.source_key", "emails.mailbox_account", "emails.folder", "emails.message_id", "emails.from_folded", "emails.subject_folded",
		"emails.metadata", "emails.body_text", "emails.body_html", "contents.raw", "incident_files.part", "incident_files.sha256", "incident_files.filename", "file_contents.raw",
	}
	random, found := rand.New(rand.NewPCG(5, 8)), map[string]int{}
	for n := 0; n < 500; {
		table, column, _ := strings.Cut(places[random.IntN(len(places))], ".")
		undo, flipped := flip(t, conn, random, table, column)
		if !flipped {
			continue
		}
		n++
		r, err := evidence.Check(ctx, s.Ledger(), head)
		if err != nil || r.Problem == "" {
			t.Errorf("a bit of %s.%s was flipped, and nothing found it: %v", table, column, err)
		}
		found[table]++
		undo()
	}
	if r, err := evidence.Check(ctx, s.Ledger(), head); err != nil || r.Problem != "" || len(found) != 5 {
		t.Errorf("as it was: %+v, %v, %v", r, err, found)
	}
}

// flip flips a bit of a random byte of a random value of a column. In a text only those
// are flipped that leave it one (PostgreSQL keeps no other).
func flip(t *testing.T, conn *pgx.Conn, random *rand.Rand, table, column string) (undo func(), flipped bool) {
	t.Helper()
	set := func(where string, value any) {
		if _, err := conn.Exec(t.Context(), fmt.Sprintf(`UPDATE %s SET %s = $1 WHERE %s`, table, column, where), value); err != nil {
			t.Fatal(err)
		}
	}
	var key int64
	var value any
	id := map[string]string{"ledger": "number", "emails": "id", "contents": "email_id * 1000 + piece", "incident_files": "id", "file_contents": "file_id"}[table]
	err := conn.QueryRow(t.Context(), fmt.Sprintf(`SELECT %s, %s FROM %s WHERE octet_length(%s) > 0 ORDER BY 1 OFFSET $1 * (SELECT count(*) FROM %s WHERE octet_length(%s) > 0) / 1000 LIMIT 1`,
		id, column, table, column, table, column), random.IntN(1000)).Scan(&key, &value)
	if err != nil {
		t.Fatal(err)
	}
	where := fmt.Sprintf("%s = %d", id, key)
	text, isText := value.(string)
	raw, _ := value.([]byte)
	if isText {
		raw = []byte(text)
	}
	raw = bytes.Clone(raw)
	at := random.IntN(len(raw))
	raw[at] ^= 1 << random.IntN(8)
	if isText {
		if !utf8.Valid(raw) || raw[at] == 0 {
			return nil, false
		}
		set(where, string(raw))
		return func() { set(where, text) }, true
	}
	set(where, raw)
	return func() { set(where, value) }, true
}
