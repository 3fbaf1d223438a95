package local

import (
	"context"
)

// Case is an incident or a triage event that emails were added to.
type Case struct {
	ID     int64
	Emails int
	Files  int // an incident's; a triage event has none
}

// Incidents lists the incidents that hold an email or a file, highest id first.
func (d *database) Incidents(ctx context.Context, size, number int) ([]Case, error) {
	return d.cases(ctx, `WITH ids AS (SELECT incident_id AS id FROM incident_mails UNION SELECT incident_id FROM incident_files)
		SELECT id, (SELECT count(*) FROM incident_mails WHERE incident_id = id), (SELECT count(*) FROM incident_files WHERE incident_id = id)
		FROM ids ORDER BY id DESC LIMIT ? OFFSET ?`, windowOf(size, number))
}

// TriageEvents lists the triage events that hold an email, highest id first.
func (d *database) TriageEvents(ctx context.Context, size, number int) ([]Case, error) {
	return d.cases(ctx, `SELECT triage_id, count(*), 0 FROM triage_mails GROUP BY triage_id ORDER BY triage_id DESC LIMIT ? OFFSET ?`, windowOf(size, number))
}

func (d *database) cases(ctx context.Context, query string, w window) ([]Case, error) {
	if d.missing {
		return nil, nil
	}
	rows, err := d.read.QueryContext(ctx, query, w.limit, w.offset)
	if err != nil {
		return nil, d.explain("read", err)
	}
	defer rows.Close()
	var list []Case
	for rows.Next() {
		var c Case
		if err := rows.Scan(&c.ID, &c.Emails, &c.Files); err != nil {
			return nil, d.explain("read", err)
		}
		list = append(list, c)
	}
	if err := rows.Err(); err != nil {
		return nil, d.explain("read", err)
	}
	return list, nil
}
