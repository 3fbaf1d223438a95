package local

import (
	"context"

	"example.org/imap-integration/soar"
)

// Case is an incident or a triage event that emails were added to.
type Case struct {
	ID     int64
	Emails int
	Files  int // an incident's; a triage event has none
}

// Incidents lists the incidents that hold an email or a file, highest id first.
func (s *Store) Incidents(ctx context.Context, size, number int) ([]Case, error) {
	return s.cases(ctx, `WITH ids AS (SELECT incident_id AS id FROM incident_mails UNION SELECT incident_id FROM incident_files)
		SELECT id, (SELECT count(*) FROM incident_mails WHERE incident_id = id), (SELECT count(*) FROM incident_files WHERE incident_id = id)
		FROM ids ORDER BY id DESC LIMIT ? OFFSET ?`, windowOf(size, number))
}

// TriageEvents lists the triage events that hold an email, highest id first.
func (s *Store) TriageEvents(ctx context.Context, size, number int) ([]Case, error) {
	return s.cases(ctx, `SELECT triage_id, count(*), 0 FROM triage_mails GROUP BY triage_id ORDER BY triage_id DESC LIMIT ? OFFSET ?`, windowOf(size, number))
}

func (s *Store) cases(ctx context.Context, query string, w window) ([]Case, error) {
	if s.missing {
		return nil, nil
	}
	rows, err := s.read.QueryContext(ctx, query, w.limit, w.offset)
	if err != nil {
		return nil, s.explain("read", err)
	}
	defer rows.Close()
	var list []Case
	for rows.Next() {
		var c Case
		if err := rows.Scan(&c.ID, &c.Emails, &c.Files); err != nil {
			return nil, s.explain("read", err)
		}
		list = append(list, c)
	}
	if err := rows.Err(); err != nil {
		return nil, s.explain("read", err)
	}
	return list, nil
}

// TriageMails returns the emails of a triage event, newest id first.
func (s *Store) TriageMails(ctx context.Context, triage int64) ([]soar.Record, error) {
	if err := positive("triage event", triage); err != nil {
		return nil, err
	}
	return s.records(ctx, `triage_mails i CROSS JOIN mails m ON m.id = i.mail_id`, `WHERE i.triage_id = ? ORDER BY i.mail_id DESC`, triage)
}
