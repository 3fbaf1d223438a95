package local

// What the file's header says (https://sqlite.org/fileformat2.html, section 1.3).
const (
	applicationID = 0x494d4149 // "IMAI": the file is a store of this program
	schemaVersion = 3          // in user_version; a newer one is refused, an older one brought up
)

// prunedSize as content_size says that the retention removed the email. Its row stays, so
// that its source_key is known for good and the email never comes a second time.
const prunedSize = -1

// pageSize keeps an email of usual size on one or two pages. A bulk run then
// costs a third less CPU time than with SQLite's 4 KiB, most of it in system
// calls. It counts when the file is made.
const pageSize = 32 << 10

// schema keeps what lists read apart from what they do not: a scan for a
// sender touches no body and no raw email.
const schema = `
CREATE TABLE mails (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  source_key TEXT NOT NULL UNIQUE,
  mailbox_account TEXT NOT NULL,
  folder TEXT NOT NULL,
  uid_validity INTEGER NOT NULL,
  uid INTEGER NOT NULL,
  message_id TEXT NOT NULL,
  from_folded TEXT NOT NULL,     -- lower case, for searches
  subject_folded TEXT NOT NULL,  -- lower case, for searches
  received_at INTEGER,           -- microseconds since 1970; NULL: unknown
  created_at TEXT NOT NULL,      -- RFC 3339, UTC
  content_size INTEGER           -- bytes of the raw mail; NULL: no content, or saved with version 1 (then the sum of contents.raw)
);
CREATE INDEX mails_by_uid ON mails (mailbox_account, folder, uid_validity, uid);
CREATE INDEX mails_by_folder ON mails (mailbox_account, folder);

-- What Cloud SOAR knows of a mail: JSON without the two bodies, which stand beside it.
CREATE TABLE records (
  mail_id INTEGER PRIMARY KEY REFERENCES mails (id),
  metadata TEXT NOT NULL,
  body_text BLOB NOT NULL,
  body_html BLOB NOT NULL,
  packed INTEGER NOT NULL DEFAULT 0  -- 1: body_text is an S2 block, 2: body_html is, 3: both
);

-- The raw mail, in chunks of 1 MiB; a record without content has none.
CREATE TABLE contents (
  slot INTEGER PRIMARY KEY,  -- mail_id * 1048576 + the chunk's number from 0: one B-tree and no index
  mail_id INTEGER NOT NULL REFERENCES mails (id),
  raw BLOB NOT NULL,
  packed INTEGER NOT NULL DEFAULT 0  -- 1: raw is an S2 block of the chunk
);

-- Saved by a run, but not yet in a result that was written.
CREATE TABLE pending (mail_id INTEGER PRIMARY KEY REFERENCES mails (id));
CREATE TABLE discarded (mail_id INTEGER PRIMARY KEY REFERENCES mails (id));

CREATE TABLE incident_mails (
  incident_id INTEGER NOT NULL,
  mail_id INTEGER NOT NULL REFERENCES mails (id),
  PRIMARY KEY (incident_id, mail_id)
) WITHOUT ROWID;
CREATE TABLE triage_mails (
  triage_id INTEGER NOT NULL,
  mail_id INTEGER NOT NULL REFERENCES mails (id),
  PRIMARY KEY (triage_id, mail_id)
) WITHOUT ROWID;

CREATE TABLE incident_files (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  incident_id INTEGER NOT NULL,
  mail_id INTEGER NOT NULL REFERENCES mails (id),
  part TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  filename TEXT NOT NULL,
  content_type TEXT NOT NULL,
  size INTEGER NOT NULL,
  UNIQUE (incident_id, mail_id, part, sha256)
);
CREATE TABLE file_contents (
  slot INTEGER PRIMARY KEY,  -- file_id * 1048576 + the chunk's number from 0
  file_id INTEGER NOT NULL REFERENCES incident_files (id),
  raw BLOB NOT NULL
);

-- What became of each email: the lines of the ledger (package evidence), only ever appended to.
CREATE TABLE ledger (
  number INTEGER PRIMARY KEY,
  mail_id INTEGER,      -- NULL: of no email; the email itself may be gone
  line TEXT NOT NULL,   -- the entry, JSON
  link TEXT NOT NULL    -- what the next entry names as previous
);
CREATE INDEX ledger_by_mail ON ledger (mail_id);

-- Digests of the credentials that serve accepts; the values are shown once and not kept.
CREATE TABLE credentials (name TEXT PRIMARY KEY, sha256 TEXT NOT NULL) WITHOUT ROWID;
`

// upgrades brings a store of version i+1 to version i+2.
var upgrades = []string{
	`ALTER TABLE mails ADD COLUMN content_size INTEGER;
	ALTER TABLE records ADD COLUMN packed INTEGER NOT NULL DEFAULT 0;
	ALTER TABLE contents ADD COLUMN packed INTEGER NOT NULL DEFAULT 0;`,
	`CREATE TABLE ledger (number INTEGER PRIMARY KEY, mail_id INTEGER, line TEXT NOT NULL, link TEXT NOT NULL);
	CREATE INDEX ledger_by_mail ON ledger (mail_id);`,
}
