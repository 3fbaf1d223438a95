// Command sweep kills the daemon at every fault point and shows that no mail
// is lost, saved twice or never handed over.
//
//	go run ./sweep                 every fault point, all modes (long)
//	go run ./sweep -every 40       each 40th fault point
//	go run ./sweep -mails 50 -mode local/unseen -signal TERM
//
// A fault point is a system call that reads, writes, syncs or changes
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
	"syscall"
	"time"

	"example.org/imap-integration/mailbox/mailboxtest"
)

func main() {
	mails := flag.Int("mails", 200, "mails in the mailbox")
	every := flag.Int("every", 1, "take each Nth fault point")
	only := flag.String("mode", "", "only the modes whose name contains this")
	how := flag.String("signal", "KILL", "KILL or TERM")
	flag.Parse()
	signal := syscall.SIGKILL
	if *how == "TERM" {
		signal = syscall.SIGTERM
	}
	if err := run(*mails, *every, *only, signal); err != nil {
		fmt.Fprintln(os.Stderr, "sweep:", err)
		os.Exit(1)
	}
}

// bench is where the sweep takes place.
type bench struct {
	dir, binary string
	dovecot     *mailboxtest.Dovecot
	mails       int
}

func run(mails, every int, only string, signal syscall.Signal) error {
	dir, err := os.MkdirTemp("", "sweep")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b := &bench{dir: dir, binary: filepath.Join(dir, "imap-integration"), mails: mails}
	if out, err := exec.Command("go", "build", "-o", b.binary, "./cmd/imap-integration").CombinedOutput(); err != nil {
		return fmt.Errorf("cannot build the program: %w: %s", err, out)
	}
	if b.dovecot, err = mailboxtest.LaunchDovecot(); err != nil {
		return err
	}
	defer b.dovecot.Close()
	fmt.Println("| mode | fault points | killed at | mails lost | saved twice | never handed over |\n|---|---|---|---|---|---|")
	bad := 0
	for _, m := range modes() {
		if !strings.Contains(m.name, only) {
			continue
		}
		r, err := b.sweep(m, every, signal)
		if err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
		fmt.Printf("| %s | %d (%s) | %d | %d | %d | %d |\n", m.name, r.points, r.kinds, r.killed, r.lost, r.twice, r.neverOut)
		bad += r.lost + r.twice + r.neverOut
	}
	if bad > 0 {
		return fmt.Errorf("the ledger is wrong")
	}
	return nil
}

// report is a line of the table; its sums are over all fault points.
type report struct {
	points, killed, lost, twice, neverOut int
	kinds                                 string
}

func (b *bench) sweep(m mode, every int, signal syscall.Signal) (report, error) {
	count, err := b.point(m, 0, signal)
	if err != nil {
		return report{}, err
	}
	r := report{points: count.trace.points, kinds: kinds(count.trace.kinds)}
	began := time.Now()
	for at := 1; at <= r.points; at += every {
		p, err := b.point(m, at, signal)
		if err != nil {
			return r, fmt.Errorf("fault point %d: %w", at, err)
		}
		r.killed++
		r.lost, r.twice, r.neverOut = r.lost+p.lost, r.twice+p.twice, r.neverOut+p.neverOut
		if p.lost+p.twice+p.neverOut > 0 {
			fmt.Fprintf(os.Stderr, "%s: fault point %d: lost %d, saved twice %d, never handed over %d\n", m.name, at, p.lost, p.twice, p.neverOut)
		}
		if r.killed%50 == 0 {
			fmt.Fprintf(os.Stderr, "%s: %d of %d points, %v\n", m.name, at, r.points, time.Since(began).Round(time.Second))
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
