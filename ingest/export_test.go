package ingest

import "example.org/imap-integration/mailbox"

// MadeCheckpoint is a checkpoint for the tests of the package's outside.
func MadeCheckpoint(account, folder string, uidValidity uint32, last mailbox.UID) string {
	c := checkpoint{scope: scopeOf(account, folder), uidValidity: uidValidity, last: last, passed: allPassed()}
	return c.String()
}
