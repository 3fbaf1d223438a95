package ledger

// part is the name of these tables among those of the schema.
const part = "fleet"

// steps bring the tables from version i to version i+1. A step that was released
// is never changed. Rows of mailboxes change with every poll: room on each page
// and no index over what changes let PostgreSQL do that in place.
var steps = []string{`
CREATE TABLE mailboxes (
  name text PRIMARY KEY,
  server text NOT NULL,
  period interval NOT NULL,
  epoch bigint NOT NULL DEFAULT 0,
  holder text,
  lease_until timestamptz,
  next_due timestamptz NOT NULL DEFAULT clock_timestamp(),
  checkpoint text NOT NULL DEFAULT '',
  version bigint NOT NULL DEFAULT 0,
  polled_at timestamptz,
  tried_at timestamptz,
  failures int NOT NULL DEFAULT 0,
  last_error text NOT NULL DEFAULT '',
  saved bigint NOT NULL DEFAULT 0,
  existed bigint NOT NULL DEFAULT 0,
  failed bigint NOT NULL DEFAULT 0,
  left_out bigint NOT NULL DEFAULT 0,
  reconnects bigint NOT NULL DEFAULT 0,
  throttled bigint NOT NULL DEFAULT 0,
  certificate_until timestamptz,
  token_until timestamptz
) WITH (fillfactor = 40);
COMMENT ON COLUMN mailboxes.period IS 'from the start of a pass to the next one';
COMMENT ON COLUMN mailboxes.epoch IS 'counts the holders; what an earlier holder still wants to change is refused';
COMMENT ON COLUMN mailboxes.version IS 'counts the changes of checkpoint; compare and set';
COMMENT ON COLUMN mailboxes.polled_at IS 'end of the last pass that saw all of the mailbox';

CREATE TABLE nodes (
  name text PRIMARY KEY,
  started_at timestamptz NOT NULL,
  seen_at timestamptz NOT NULL,
  version text NOT NULL
);

CREATE TABLE announced (key bytea PRIMARY KEY);
COMMENT ON TABLE announced IS 'what was ever put into the outbox: SHA-256 of its key';

CREATE TABLE messages (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  key text NOT NULL,
  mailbox text NOT NULL,
  body bytea NOT NULL,
  packed boolean NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON COLUMN messages.packed IS 'body is an S2 block';
ALTER TABLE messages ALTER body SET STORAGE EXTERNAL;

CREATE TABLE deliveries (
  sink text NOT NULL,
  message_id bigint NOT NULL REFERENCES messages ON DELETE CASCADE,
  size int NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  next_try timestamptz NOT NULL DEFAULT clock_timestamp(),
  attempts int NOT NULL DEFAULT 0,
  dead boolean NOT NULL DEFAULT false,
  last_error text NOT NULL DEFAULT '',
  PRIMARY KEY (sink, message_id)
) WITH (fillfactor = 70);
CREATE INDEX deliveries_by_message ON deliveries (message_id);
`, `
ALTER TABLE mailboxes ADD place text NOT NULL DEFAULT '', ADD covered_until timestamptz;
COMMENT ON COLUMN mailboxes.place IS 'digest of server, user and folders, as the node that registered it last has them';
COMMENT ON COLUMN mailboxes.covered_until IS 'when the last whole pass began to look: emails that came before are saved';
UPDATE mailboxes SET covered_until = polled_at;
ALTER TABLE deliveries ADD lent_to text;
COMMENT ON COLUMN deliveries.lent_to IS 'the node that is handing it over; NULL: none. A loan ends with its node, or at next_try';
`}
