package actions

import (
	"os"
	"testing"

	"example.org/imap-integration/soar/postgres/postgrestest"
)

func TestMain(m *testing.M) { os.Exit(postgrestest.Run(m)) }
