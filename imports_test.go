package integration_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "example.org/imap-integration"

// rooms is which package may import which other ones of this module (see
// ARCHITECTURE.md). A package that is not listed may not be there.
var rooms = map[string][]string{
	".":                       {},
	"actions":                 {"analysis", "casenote", "content", "evidence", "filters", "ingest", "mailbox", "manifest", "indicators", "links", "message", "outlook", "privatefile", "pyregex", "quote", "secret", "soar", "soar/local", "soar/postgres", "soar/profile", "soar/recording", "terminal", "token", "token/jwt", "transport", "webhook"},
	"analysis":                {"content", "content/file", "indicators", "links", "message", "outlook", "quote", "soar"},
	"casenote":                {"analysis", "indicators", "message", "quote", "soar"},
	"content":                 {"content/file", "links", "message", "outlook", "quote"},
	"content/file":            {"content/file/archive", "content/file/held", "content/file/pdf", "content/file/qr", "indicators", "message", "quote"},
	"content/file/archive":    {"content/file/held", "message", "quote"},
	"content/file/held":       {"message", "quote"},
	"content/file/filetest":   {},
	"content/file/pdf":        {"content/file/held", "content/file/qr", "message", "quote"},
	"content/file/qr":         {"content/file/held", "message", "quote"},
	"console":                 {"actions", "analysis", "content", "indicators", "ingest", "links", "manifest", "message", "privatefile", "quote", "secret", "soar", "soar/local"},
	"cmd/imap-integration":    {".", "actions", "evidence", "console", "fleet", "mailbox/imapmem", "manifest", "quote", "secret", "soar", "soar/apispec", "soar/local", "soar/recording", "terminal"},
	"evidence":                {"message", "quote"},
	"filters":                 {"message", "quote"},
	"ingest":                  {"content", "evidence", "filters", "mailbox", "message", "quote", "soar"}, // of mailbox the types only
	"mailbox":                 {"filters", "mailbox/imapwire", "message", "quote", "secret", "transport"},
	"mailbox/imapwire":        {"message", "quote"},
	"mailbox/imapmem":         {},
	"mailbox/mailboxtest":     {"transport/transporttest"},
	"manifest":                {"quote", "secret"},
	"message":                 {"quote"},
	"outlook":                 {"message", "quote"},
	"quote":                   {},
	"indicators":              {"pyregex"},
	"indicators/lineartest":   {},
	"links":                   {"indicators"},
	"privatefile":             {},
	"pyregex":                 {},
	"secret":                  {},
	"soar":                    {"message", "quote", "secret", "soar/profile", "token/jwt", "transport"},
	"soar/apispec":            {"quote", "soar/profile"},
	"soar/foreigntest":        {},
	"soar/recording":          {"message", "transport"},
	"soar/local":              {"evidence", "message", "quote", "soar", "soar/packing"},
	"soar/packing":            {"soar"},
	"soar/profile":            {"quote"},
	"soar/storetest":          {"evidence", "message", "soar"},
	"terminal":                {"quote"},
	"token":                   {"privatefile", "quote", "secret", "token/jwt", "transport"},
	"token/jwt":               {"quote", "secret"},
	"transport":               {"quote", "secret"},
	"transport/transporttest": {},

	// On PostgreSQL.
	"fleet":                      {"actions", "fleet/ledger", "ingest", "manifest", "quote", "secret", "soar", "soar/postgres", "transport", "webhook"},
	"fleet/ledger":               {"evidence", "ingest", "message", "soar", "soar/packing", "soar/postgres"},
	"soar/postgres":              {"evidence", "message", "quote", "secret", "soar", "soar/packing", "transport"},
	"soar/postgres/postgrestest": {"transport/transporttest"},
	"webhook":                    {"quote", "secret", "transport"},
}

// guests are libraries that only these packages may import.
var guests = map[string][]string{
	"github.com/emersion/go-imap":    {"mailbox", "mailbox/mailboxtest", "mailbox/imapmem"},
	"github.com/jackc/pgx":           {"fleet/ledger", "soar/postgres"},
	"github.com/coreos/go-systemd":   {"fleet"},
	"github.com/emersion/go-message": {"message"},
	"github.com/jhillyerd/enmime":    {"message"},
	"github.com/spf13":               {"cmd/imap-integration"},
	"modernc.org":                    {"soar/local"},
	"golang.org/x/oauth2":            {"token"},
	"go.yaml.in/yaml":                {"manifest", "soar/apispec"},
	"github.com/nlnwa/whatwg-url":    {"links"},
	"github.com/clipperhouse":        {"terminal"},
	"github.com/schollz/progressbar": {"cmd/imap-integration"},
	"github.com/bodgit/sevenzip":     {"content/file/archive"},
	"github.com/nwaples/rardecode":   {"content/file/archive"},
	"github.com/ulikunitz/xz":        {"content/file/archive"},
	"github.com/klippa-app":          {"content/file/pdf"},
	"github.com/tetratelabs/wazero":  {"content/file/pdf"},
	"github.com/makiuchi-d/gozxing":  {"content/file/qr"},
	"golang.org/x/image":             {"content/file/pdf", "content/file/qr"},
}

// workshops hold what is no part of the program: they may import everything.
var workshops = []string{"e2e", "packaging", "tools"}

func TestImports(t *testing.T) {
	for room, imports := range importsByPackage(t) {
		allowed, known := rooms[room]
		if !known {
			t.Errorf("%s is a new package: add it to the table and to ARCHITECTURE.md, with its reason", room)
			continue
		}
		for _, imported := range imports {
			if own, ok := ownPackage(imported); ok && !slices.Contains(allowed, own) {
				t.Errorf("%s must not import %s", room, own)
			}
			for guest, hosts := range guests {
				if strings.HasPrefix(imported, guest) && !slices.Contains(hosts, room) {
					t.Errorf("%s must not import %s, which only %s may", room, imported, strings.Join(hosts, ", "))
				}
			}
		}
	}
}

func ownPackage(imported string) (string, bool) {
	if imported == module {
		return ".", true
	}
	return strings.CutPrefix(imported, module+"/")
}

// importsByPackage reads the imports of every file that is no test.
func importsByPackage(t *testing.T) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	err := fs.WalkDir(os.DirFS("."), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (slices.Contains(workshops, name) || name == "testdata" || name != "." && strings.HasPrefix(path.Base(name), ".")):
			return fs.SkipDir
		case d.IsDir() || path.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), filepath.FromSlash(name), nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		room := path.Dir(name)
		for _, spec := range f.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			found[room] = append(found[room], imported)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
