package ingest

// MadeCheckpoint is a checkpoint for the tests of the package's outside.
func MadeCheckpoint(account, folder string, uidValidity, last uint32) string {
	c := checkpoint{scope: scopeOf(account, folder), uidValidity: uidValidity, last: last, passed: allPassed()}
	return c.String()
}
