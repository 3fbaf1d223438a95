package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"example.org/imap-integration/soar/postgres/postgrestest"
)

// fleet measures many mailboxes: a bulk into PostgreSQL beside the local store,
// and what polling costs while nothing comes.
func (l *lab) fleet() error {
	// As people run it: commits wait for the disk. The extension counts statements.
	database, err := postgrestest.Launch("fsync=on", "shared_preload_libraries=pg_stat_statements")
	if err != nil {
		return err
	}
	defer database.Close()
	if err := l.bulkIntoPostgres(database); err != nil {
		return err
	}
	return l.idleFleet(database)
}

func (l *lab) bulkIntoPostgres(database *postgrestest.Server) error {
	n := number("BENCH_MAILS", 10_000)
	u, size := l.fill(realMail, n, false)
	fmt.Printf("bulk: %d emails, %.0f MB, TLS on loopback, %d rounds\n\n", n, float64(size)/1e6, l.rounds)
	address := ""
	into := l.daemon("imap-integration, PostgreSQL", u, l.dovecot.TLS, n, nil)
	inner := into.command
	into.prepare = func() error {
		name, err := database.NewDatabase()
		address = database.URL(name)
		return err
	}
	into.command = func() *exec.Cmd {
		c := inner()
		var p map[string]any
		_ = json.NewDecoder(c.Stdin).Decode(&p)
		maps.Copy(p, map[string]any{"cloud_soar_api_url": address})
		data, _ := json.Marshal(p)
		c.Stdin = strings.NewReader(string(data))
		return c
	}
	all := []*contestant{l.drain("raw drain", u, l.dovecot.TLS), l.daemon("imap-integration, local store", u, l.dovecot.TLS, n, nil), into}
	if err := race(l.rounds, all); err != nil {
		return err
	}
	table(all)
	return nil
}

// idleFleet polls mailboxes once a minute, and measures a node's processor time
// and the statements that it sends.
func (l *lab) idleFleet(database *postgrestest.Server) error {
	mailboxes, period := number("BENCH_MAILBOXES", 1000), time.Duration(number("BENCH_SECONDS", 120))*time.Second
	name, err := database.NewDatabase()
	if err != nil {
		return err
	}
	if _, err := database.SQL(name, `CREATE EXTENSION pg_stat_statements SCHEMA public`); err != nil {
		return err
	}
	config, err := l.fleetConfig(mailboxes, database.URL(name))
	if err != nil {
		return err
	}
	node := exec.Command(l.binary, "fleet", "--config", config)
	node.Stderr = os.Stderr
	if err := node.Start(); err != nil {
		return err
	}
	defer func() { _ = node.Process.Signal(syscall.SIGTERM); _ = node.Wait() }()
	count := func(statement string) (n float64) {
		out, err := database.SQL(name, statement)
		if err == nil {
			_, _ = fmt.Sscan(out, &n)
		}
		return n
	}
	for polled := 0.0; polled < float64(mailboxes); polled = count(`SELECT count(*) FROM mailboxes WHERE polled_at IS NOT NULL`) {
		time.Sleep(time.Second)
	}
	began, before := time.Now(), cpuOf(node.Process.Pid)
	const passes = `SELECT sum(epoch) FROM mailboxes`
	taken := count(passes)
	const transactions = `SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()`
	const statements = `SELECT sum(calls) FROM public.pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid WHERE datname = current_database()`
	written, commits, asked := count(`SELECT pg_current_wal_lsn() - '0/0'::pg_lsn`), count(transactions), count(statements)
	time.Sleep(period)
	took := time.Since(began).Seconds()
	late := count(`SELECT count(*) FROM mailboxes WHERE polled_at < clock_timestamp() - interval '90 seconds'`)
	fmt.Printf("\nidle: %d mailboxes polled once a minute, %.0f passes in %.0f s: %.3f of a core, %.1f transactions and %.1f statements a second, %.0f bytes of log a second, %.0f mailboxes late\n",
		mailboxes, count(passes)-taken, took, (cpuOf(node.Process.Pid)-before).Seconds()/took, (count(transactions)-commits)/took, (count(statements)-asked)/took, (count(`SELECT pg_current_wal_lsn() - '0/0'::pg_lsn`)-written)/took, late)
	return nil
}

func (l *lab) fleetConfig(mailboxes int, address string) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "database: %s\nevery: 60s\nconcurrent: 32\nconnections_per_server: 32\ndefaults:\n  imap_server: localhost\n  port: %d\n  ca_certificate: %q\nmailboxes:\n", address, l.dovecot.TLS, l.dovecot.Authority.PEM)
	for i := range mailboxes {
		u := l.dovecot.NewUser()
		fmt.Fprintf(&b, "  - {name: m%d, username: %q, password: %q}\n", i, u.Name, u.Password)
	}
	path := filepath.Join(l.dir, "fleet.yaml")
	return path, os.WriteFile(path, []byte(b.String()), 0o600)
}

// cpuOf is the processor time that a process has used (proc_pid_stat(5), utime and stime in clock ticks of 10 ms).
func cpuOf(pid int) time.Duration {
	data, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	fields := strings.Fields(string(data[strings.LastIndexByte(string(data), ')')+1:]))
	if len(fields) < 13 {
		return 0
	}
	var user, system int64
	_, _ = fmt.Sscan(fields[11]+" "+fields[12], &user, &system)
	return time.Duration(user+system) * 10 * time.Millisecond
}
