package local

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"example.org/imap-integration/evidence"
	"example.org/imap-integration/soar"
)

// ledger collects entries within one transaction, that of the changes that they tell
// of, and appends them at its end: both are there, or neither.
type ledger struct {
	tx      *sql.Tx
	head    evidence.Head
	newest  sql.NullInt64 // email that was there when the transaction began
	lines   []any         // the columns of each row
	line    []byte        // memory for the next one
	session int64         // entry of the connection of this transaction's emails; 0: none yet
	recent  *recent
	made    []evidence.Entry // of emails that were stored in this transaction
	time    string
	program string
}

// recent are the origins of the emails that this process stored last, so that nobody
// has to look them up when they are handed over and marked. They are kept without a
// pointer: the garbage collector passes over what a long run gathers here.
type recent struct {
	mu      sync.Mutex
	origins map[int64]origin
	folders []folder
}

// folder is where emails came from.
type folder struct {
	account, name string
	uidValidity   uint32
}

// origin is what [evidence.Entry.About] takes of an entry.
type origin struct {
	folder  int // in recent.folders
	uid     uint32
	content bool // the email has one; else there is no digest
	size    int64
	sha256  [sha256.Size]byte
}

// recentMost bounds them: some 1 MB.
const recentMost = 10_000

func (r *recent) keep(made []evidence.Entry) {
	if len(made) == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.origins == nil || len(r.origins)+len(made) > recentMost {
		r.origins, r.folders = make(map[int64]origin, len(made)), nil
	}
	for _, e := range made {
		o := origin{folder: r.folder(folder{e.Account, e.Folder, e.UIDValidity}), uid: e.UID, size: e.Size, content: e.SHA256 != ""}
		sum, err := hex.DecodeString(e.SHA256)
		if id, ok := soar.ID(e.Email).Number(); ok && err == nil && copy(o.sha256[:], sum) == len(sum) {
			r.origins[id] = o // every other one is looked up
		}
	}
}

// folder is the place of a folder in the list.
func (r *recent) folder(f folder) int {
	i := slices.Index(r.folders, f)
	if i < 0 {
		i = len(r.folders)
		r.folders = append(r.folders, f)
	}
	return i
}

// find takes out of a list of emails those that are known.
func (r *recent) find(ids []soar.ID) (found map[soar.ID]evidence.Entry, others []soar.ID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	found = make(map[soar.ID]evidence.Entry, len(ids))
	for _, id := range ids {
		number, ok := id.Number()
		o, known := r.origins[number]
		if !ok || !known {
			others = append(others, id)
			continue
		}
		from := r.folders[o.folder]
		e := evidence.Entry{Account: from.account, Folder: from.name, UIDValidity: from.uidValidity, UID: o.uid, Size: o.size}
		if o.content {
			e.SHA256 = hex.EncodeToString(o.sha256[:])
		}
		found[id] = e
	}
	return found, others
}

// openLedger goes on where the last transaction ended.
func openLedger(ctx context.Context, tx *sql.Tx, o Options, r *recent) (*ledger, error) {
	l := &ledger{tx: tx, recent: r, head: evidence.Start, time: o.Now().UTC().Format(time.RFC3339), program: o.Program}
	err := tx.QueryRowContext(ctx, `SELECT number, link FROM ledger ORDER BY number DESC LIMIT 1`).Scan(&l.head.Count, &l.head.Link)
	if errors.Is(err, sql.ErrNoRows) {
		err = tx.QueryRowContext(ctx, `SELECT max(id) FROM mails`).Scan(&l.newest)
	}
	return l, err
}

// add appends an entry. The first one of all says what was there before.
func (l *ledger) add(ctx context.Context, e evidence.Entry) error {
	if l.head.Count == 0 && e.Event != evidence.Began {
		began := evidence.Entry{Event: evidence.Began}
		if l.newest.Valid {
			began.Email, began.Detail = decimal(l.newest.Int64), evidence.BeganDetail
		}
		if err := l.add(ctx, began); err != nil {
			return err
		}
	}
	e.Time, e.Program = l.time, l.program
	line, next := l.head.Append(l.line, e)
	var mail any
	if id, err := strconv.ParseInt(e.Email, 10, 64); err == nil {
		mail = id
	}
	if e.Event == evidence.Connected {
		l.session = next.Count
	}
	l.head, l.line, l.lines = next, line, append(l.lines, next.Count, mail, string(line), next.Link)
	if len(l.lines) >= ledgerColumns*ledgerAtOnce {
		return l.flush(ctx)
	}
	return nil
}

const (
	ledgerColumns = 4
	ledgerAtOnce  = 128 // rows of one statement
)

// flush writes what was added. Many rows in one statement cost a third of as many statements.
func (l *ledger) flush(ctx context.Context) error {
	all := l.lines
	l.lines = all[:0]
	for len(all) > 0 {
		n := min(len(all)/ledgerColumns, ledgerAtOnce)
		rows := strings.TrimSuffix(strings.Repeat("(?, ?, ?, ?), ", n), ", ")
		if _, err := l.tx.ExecContext(ctx, `INSERT INTO ledger (number, mail_id, line, link) VALUES `+rows, all[:n*ledgerColumns]...); err != nil {
			return err
		}
		all = all[n*ledgerColumns:]
	}
	return nil
}

// saved tells of an email that was stored just now.
func (l *ledger) saved(ctx context.Context, id int64, in incoming) error {
	e := in.entry(evidence.Saved)
	e.Email, e.Record = decimal(id), in.row.Digest()
	l.made = append(l.made, e)
	return l.came(ctx, e, in)
}

// existed tells of an email that came again.
func (l *ledger) existed(ctx context.Context, id soar.ID, in incoming) error {
	e := in.entry(evidence.Existed)
	e.Email = string(id)
	return l.came(ctx, e, in)
}

// came appends an entry of an email that came over the session of a run.
func (l *ledger) came(ctx context.Context, e evidence.Entry, in incoming) error {
	if in.session == nil {
		return l.add(ctx, e)
	}
	if session := in.session(); session != nil && l.session == 0 {
		if err := l.add(ctx, evidence.Entry{Event: evidence.Connected, Session: session}); err != nil {
			return err
		}
	}
	e.InSession = l.session
	return l.add(ctx, e)
}

// pruned tells that the retention removes emails; call it while they are there.
func (l *ledger) pruned(ctx context.Context, ids []soar.ID, why string) error {
	return l.about(ctx, ids, evidence.Entry{Event: evidence.Pruned, Detail: why})
}

// about appends the entry e for each of these emails, with where it came from and what it is.
func (l *ledger) about(ctx context.Context, ids []soar.ID, e evidence.Entry) error {
	for some := range slices.Chunk(ids, evidence.AtOnce) {
		if err := l.aboutSome(ctx, some, e); err != nil {
			return err
		}
	}
	return nil
}

func (l *ledger) aboutSome(ctx context.Context, ids []soar.ID, e evidence.Entry) error {
	origins, err := l.origins(ctx, ids)
	if err != nil {
		return err
	}
	for _, id := range ids {
		origin, there := origins[id]
		if !there {
			continue // nothing was done to an email that is not there
		}
		one := e.About(origin)
		one.Email = string(id)
		if err := l.add(ctx, one); err != nil {
			return err
		}
	}
	return nil
}

// note appends an entry about one email where something was done without an error.
func (l *ledger) note(ctx context.Context, id soar.ID, done bool, err error, e evidence.Entry) error {
	if err != nil || !done {
		return err
	}
	return l.about(ctx, []soar.ID{id}, e)
}

// record appends entries of others. Which email one without an id is about, its place
// tells; what the store knows better (size and digest) it fills in.
func (l *ledger) record(ctx context.Context, entries []evidence.Entry) error {
	ids := make([]soar.ID, 0, len(entries))
	for i := range entries {
		e := &entries[i]
		if e.Email == "" {
			err := l.tx.QueryRowContext(ctx, `SELECT id FROM mails WHERE mailbox_account = ? AND folder = ? AND uid_validity = ? AND uid = ? ORDER BY id LIMIT 1`,
				e.Account, e.Folder, e.UIDValidity, e.UID).Scan(&e.Email)
			if err != nil && !errors.Is(err, sql.ErrNoRows) {
				return err
			}
		}
		if e.Email != "" {
			ids = append(ids, soar.ID(e.Email))
		}
	}
	origins, err := l.origins(ctx, ids)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if origin, there := origins[soar.ID(e.Email)]; there {
			e.Size, e.SHA256 = origin.Size, origin.SHA256
		} else {
			e.Email = ""
		}
		if err := l.add(ctx, e); err != nil {
			return err
		}
	}
	return nil
}

// origins looks up what the store knows of the origin of emails.
func (l *ledger) origins(ctx context.Context, ids []soar.ID) (map[soar.ID]evidence.Entry, error) {
	origins, others := l.recent.find(ids)
	if len(others) == 0 {
		return origins, nil
	}
	list, err := json.Marshal(others)
	if err != nil {
		return nil, err
	}
	rows, err := l.tx.QueryContext(ctx, `SELECT m.id, m.mailbox_account, m.folder, m.uid_validity, m.uid, coalesce(m.content_size, 0),
			coalesce((SELECT line FROM ledger WHERE mail_id = m.id ORDER BY number LIMIT 1), '')
		FROM json_each(?) j CROSS JOIN mails m ON m.id = CAST(j.value AS INTEGER)`, string(list))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		var e evidence.Entry
		var first string
		if err := rows.Scan(&id, &e.Account, &e.Folder, &e.UIDValidity, &e.UID, &e.Size, &first); err != nil {
			return nil, err
		}
		origins[soar.NumberID(id)] = e.Proved([]byte(first))
	}
	return origins, rows.Err()
}

func decimal(id int64) string { return strconv.FormatInt(id, 10) }

// hasLedger is false for a store of an older version that is only read.
func hasLedger(d *database) bool { return d.version >= 3 && !d.missing }
