// Command sweep hurts the daemon at every fault point and shows that no email
// is lost, saved twice or never handed over.
//
//	go run ./tools/sweep                 every fault point, all modes (long)
//	go run ./tools/sweep -every 40       each 40th fault point
//	go run ./tools/sweep -storm -emails 100000
//	go run ./tools/sweep -responses -emails 20000
//	go run ./tools/sweep -emails 50 -mode local/unseen -fault SIGTERM
//
// The points of a kill are the system calls that read, write, sync or change
// something; the program is stopped there from outside. See trace_linux.go.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"example.org/imap-integration/mailbox/mailboxtest"
)

func main() {
	emails := flag.Int("mails", 200, "emails in the mailbox")
	every := flag.Int("every", 1, "take each Nth fault point")
	only := flag.String("mode", "", "only the modes whose name contains this")
	which := flag.String("fault", "", "only the faults whose name contains this")
	storm := flag.Bool("storm", false, "a large mailbox behind a bad line and a bad API instead")
	responses := flag.Bool("responses", false, "a large mailbox on a server that gives one email in a hundred wrongly instead")
	flag.Parse()
	if err := run(*emails, *every, *only, *which, *storm, *responses); err != nil {
		fmt.Fprintln(os.Stderr, "sweep:", err)
		os.Exit(1)
	}
}

// bench is where the sweep takes place.
type bench struct {
	dir, binary string
	dovecot     *mailboxtest.Dovecot
	emails      int
}

func run(emails, every int, only, which string, storm, responses bool) error {
	dir, err := os.MkdirTemp("", "sweep")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b := &bench{dir: dir, binary: filepath.Join(dir, "imap-integration"), emails: emails}
	if out, err := exec.Command("go", "build", "-o", b.binary, "./cmd/imap-integration").CombinedOutput(); err != nil {
		return fmt.Errorf("cannot build the program: %w: %s", err, out)
	}
	if b.dovecot, err = mailboxtest.LaunchDovecot(); err != nil {
		return err
	}
	defer b.dovecot.Close()
	switch {
	case storm:
		return b.storm(only)
	case responses:
		return b.stormOfResponses(only)
	}
	fmt.Println("| fault | mode | points | taken | emails lost | saved twice | never handed over | stray |")
	fmt.Println("|---|---|---|---|---|---|---|---|")
	bad := 0
	for _, f := range faults {
		for _, m := range modes() {
			if !strings.Contains(m.name, only) || !strings.Contains(f.name, which) || f.local && !strings.HasPrefix(m.name, "local") || f.keys && strings.Contains(m.name, "ignores") {
				continue
			}
			r, err := b.sweep(m, f, every)
			if err != nil {
				return fmt.Errorf("%s, %s: %w", f.name, m.name, err)
			}
			fmt.Printf("| %s | %s | %d (%s) | %d | %d | %d | %d | %d |\n", f.name, m.name, r.points, r.kinds, r.taken, r.lost, r.twice, r.neverOut, r.stray)
			bad += r.lost + r.twice + r.neverOut + r.stray
		}
	}
	if bad > 0 {
		return fmt.Errorf("the ledger is wrong")
	}
	return nil
}

// report is a line of the table; its sums are over all fault points.
type report struct {
	outcome
	points, taken int
	kinds         string
}

func (b *bench) sweep(m mode, f fault, every int) (r report, err error) {
	s, err := b.stage(m)
	if err == nil {
		r.points, r.kinds, err = f.count(s)
		s.close()
	}
	if err != nil {
		return r, err
	}
	began := time.Now()
	for at := 1; at <= r.points; at += every {
		p, err := b.point(m, f, at)
		if err != nil {
			return r, fmt.Errorf("point %d: %w", at, err)
		}
		r.taken++
		r.lost, r.twice, r.neverOut, r.stray = r.lost+p.lost, r.twice+p.twice, r.neverOut+p.neverOut, r.stray+p.stray
		if p != (outcome{}) {
			fmt.Fprintf(os.Stderr, "%s, %s, point %d: lost %d, saved twice %d, never handed over %d, stray %d\n", f.name, m.name, at, p.lost, p.twice, p.neverOut, p.stray)
		}
		if r.taken%50 == 0 {
			fmt.Fprintf(os.Stderr, "%s, %s: %d of %d points, %v\n", f.name, m.name, at, r.points, time.Since(began).Round(time.Second))
		}
	}
	return r, nil
}

func kinds(n map[string]int) string {
	var names []string
	for k := range n {
		names = append(names, k)
	}
	slices.Sort(names)
	for i, k := range names {
		names[i] = fmt.Sprintf("%s %d", k, n[k])
	}
	return strings.Join(names, ", ")
}
