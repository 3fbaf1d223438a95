package ingest

import (
	"context"
	"slices"

	"example.org/imap-integration/mailbox"
)

// lastFields are the header fields of a record whose content never came.
var lastFields = []string{"From", "Sender", "Reply-To", "To", "Cc", "Subject", "Date", "Message-ID", "In-Reply-To", "References"}

// lastHeaders fetches the header fields of those emails that fail with this run
// if they do not come in it either; nil where there is none.
func (r *run) lastHeaders(ctx context.Context) map[mailbox.UID][]byte {
	due := map[mailbox.UID][]byte{}
	var uids []mailbox.UID
	for _, m := range r.state.missing {
		if u := m.uid; m.due(r.o.Now()) && slices.Contains(r.plan.uids, u) {
			uids, due[u] = append(uids, u), nil
		}
	}
	if len(uids) == 0 {
		return nil
	}
	err := r.folder.Headers(ctx, uids, lastFields, func(h mailbox.Head) error {
		due[h.UID] = slices.Clone(h.Header)
		return nil
	})
	if err != nil {
		r.o.Log.Warn("the header fields of emails that do not come could not be read either", "error", err.Error())
	}
	return due
}

// missingRoom is how many emails that did not come the checkpoint of this folder may name.
func (r *run) missingRoom() int {
	if r.siblings == nil {
		return maxMissing
	}
	return r.siblings.missingRoom(&r.state)
}

// checkpoint is what the object that comes next carries.
func (r *run) checkpoint() string {
	if r.plan.replay {
		return r.o.Checkpoint
	}
	if r.siblings == nil {
		return r.state.String()
	}
	return r.allCheckpoints().String()
}

// allCheckpoints are those of all folders of the run. A folder that nothing was
// taken from has none, unless it was given: the next run begins there as this one did.
func (r *run) allCheckpoints() several {
	if r.state.last == 0 && !r.plan.given {
		return r.siblings
	}
	state := r.state
	return r.siblings.with(&state)
}
