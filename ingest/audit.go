package ingest

import (
	"context"
	"slices"

	"example.org/imap-integration/mailbox"
	"example.org/imap-integration/soar"
)

// Audit is a whole folder held against the store. Nothing is changed on either side.
type Audit struct {
	MailboxAccount string        `json:"mailbox_account"`
	Folder         string        `json:"folder"`
	UIDValidity    uint32        `json:"uid_validity"`
	Messages       int           `json:"messages"`      // emails in the folder
	InStore        int           `json:"in_store"`      // of these, how many the store holds
	Pruned         int           `json:"pruned"`        // of these, how many the store's retention removed
	Missing        []Finding     `json:"missing"`       // kept by the filters, and not in the store
	NotTakenYet    int           `json:"not_taken_yet"` // of the missing ones, how many the next run takes
	Doubled        []Doubled     `json:"doubled"`       // emails that the store holds more than once
	LeftOut        []Excluded    `json:"left_out"`      // by which filter
	SecondCopies   []Copy        `json:"second_copies"`
	Vanished       []mailbox.UID `json:"vanished"` // gone while the audit went on
	Records        int           `json:"records"`  // records of this account in the store, all folders
}

// Finding is an email that should be in the store and is not.
type Finding struct {
	UID       mailbox.UID `json:"uid"`
	MessageID string      `json:"message_id"`
	Subject   string      `json:"subject"`
	Reason    string      `json:"reason"`
}

// Doubled is an email with more than one record.
type Doubled struct {
	SourceKey string    `json:"source_key"`
	IDs       []soar.ID `json:"ids"` // ascending
}

// Excluded is an email that a filter leaves out.
type Excluded struct {
	UID    mailbox.UID `json:"uid"`
	Filter string      `json:"filter"`
}

// Copy is an email whose bytes stand in the folder more than once.
type Copy struct {
	UID     mailbox.UID `json:"uid"`
	FirstAt mailbox.UID `json:"first_uid"`
}

// Sound reports whether every email that should be in the store is there once.
// One that no run has come to yet is missing only where strict wants it so.
func (a *Audit) Sound(strict bool) bool {
	missing := len(a.Missing)
	if !strict {
		missing -= a.NotTakenYet
	}
	return missing == 0 && len(a.Doubled) == 0
}

// RunAudit compares all emails of the folder with the store, by their content.
// It fetches every email; the options' fetch type and limits on count do not matter.
func RunAudit(ctx context.Context, o Options, folder Folder, store Searcher) (*Audit, error) {
	r := &reader{o: o, folder: folder}
	a := &Audit{
		MailboxAccount: o.Account, Folder: o.Folder, UIDValidity: folder.Status().UIDValidity,
		Missing: []Finding{}, Doubled: []Doubled{}, LeftOut: []Excluded{}, SecondCopies: []Copy{}, Vanished: []mailbox.UID{},
	}
	held, err := recordsByKey(ctx, store, o.Account, a)
	if err != nil {
		return nil, err
	}
	if err := addPruned(ctx, store, o.Account, held); err != nil {
		return nil, err
	}
	uids, err := folder.Search(ctx, mailbox.Criteria{})
	if err != nil {
		return nil, err
	}
	a.Messages = len(uids)
	batches, fetched := r.produce(ctx, uids)
	first := map[string]mailbox.UID{}
	for batch := range batches {
		for _, j := range batch {
			a.look(j, held, first)
		}
		release(batch...)
		o.Progress(a.InStore+a.Pruned+len(a.Missing)+len(a.LeftOut)+len(a.SecondCopies), len(uids))
	}
	return a, <-fetched
}

// recordsByKey lists the records of an account, in all folders: its emails are saved once whatever the folder.
func recordsByKey(ctx context.Context, store Searcher, account string, a *Audit) (map[string][]soar.ID, error) {
	const pageSize = 100
	held := map[string][]soar.ID{}
	for number := 1; ; number++ {
		page, err := store.Search(ctx, soar.Query{MailboxAccount: account, PageSize: pageSize, PageNumber: number})
		if err != nil {
			return nil, err
		}
		for _, rec := range page.Records {
			a.Records++
			held[rec.SourceKey] = append(held[rec.SourceKey], rec.ID)
		}
		if len(page.Records) < pageSize {
			break
		}
	}
	for key, ids := range held {
		slices.SortFunc(ids, soar.ID.Compare)
		held[key] = slices.Compact(ids) // a page may shift while emails are saved
		if len(held[key]) > 1 {
			a.Doubled = append(a.Doubled, Doubled{SourceKey: key, IDs: held[key]})
		}
	}
	slices.SortFunc(a.Doubled, func(x, y Doubled) int { return x.IDs[0].Compare(y.IDs[0]) })
	return held, nil
}

// addPruned adds the keys of emails that were removed, without an id.
func addPruned(ctx context.Context, store Searcher, account string, held map[string][]soar.ID) error {
	kept, ok := store.(Pruned)
	if !ok {
		return nil
	}
	keys, err := kept.PrunedKeys(ctx, account)
	for _, key := range keys {
		held[key] = []soar.ID{}
	}
	return err
}

func (a *Audit) look(j *job, held map[string][]soar.ID, first map[string]mailbox.UID) {
	uid := mailbox.UID(j.raw.UID)
	var firstAt mailbox.UID
	came := func(key string) (before bool) {
		if firstAt, before = first[key]; !before {
			first[key] = uid
		}
		return before
	}
	pruned := false
	fate, _ := fateOf(j, came, func(key string) (bool, error) {
		ids, known := held[key]
		pruned = known && len(ids) == 0
		return known, nil
	})
	switch fate {
	case Gone:
		a.Vanished = append(a.Vanished, uid)
	case LeftOut:
		a.LeftOut = append(a.LeftOut, Excluded{uid, j.left})
	case Withheld, NoContent:
		a.Missing = append(a.Missing, Finding{UID: uid, Reason: emptySentence})
	case Repeated:
		a.SecondCopies = append(a.SecondCopies, Copy{uid, firstAt})
	case Known:
		if pruned {
			a.Pruned++
		} else {
			a.InStore++
		}
	case New:
		reason, waiting := missingReason(j.raw.Flags)
		a.Missing = append(a.Missing, Finding{uid, j.draft.MessageID, j.draft.Subject, reason})
		if waiting {
			a.NotTakenYet++
		}
	}
}

// missingReason also reports whether the next run takes the email.
func missingReason(flags []string) (reason string, waiting bool) {
	if slices.Contains(flags, `\Seen`) {
		return "marked as read and not in the store: read by somebody before it was taken, refused by Cloud SOAR, or older than the first run", false
	}
	return notTakenYet, true
}

// notTakenYet is the reason of an email that only waits for the next run.
const notTakenYet = "not taken yet: it is unread, and the next run takes it"

// Waiting reports whether the next run takes the email.
func (f Finding) Waiting() bool { return f.Reason == notTakenYet }
