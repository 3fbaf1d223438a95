package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"example.org/imap-integration/mailbox/mailboxtest"
)

func (l *lab) bulk() error {
	n := number("BENCH_MAILS", 10_000)
	u, size := l.fill(realMail, n, false)
	fmt.Printf("bulk: %d emails, %.0f MB, TLS on loopback, %d rounds\n\n", n, float64(size)/1e6, l.rounds)
	all := []*contestant{l.drain("raw drain", u, l.dovecot.TLS), l.daemon("imap-integration, local store", u, l.dovecot.TLS, n, nil)}
	for _, other := range strings.Fields(os.Getenv("BENCH_AGAINST")) {
		all = append(all, l.daemonOf(other, other, u, l.dovecot.TLS, n, nil))
	}
	all = append(all, l.peers(u)...)
	if err := race(l.rounds, all); err != nil {
		return err
	}
	table(all)
	return nil
}

// peers are the programs of others that this machine has. BENCH_PEERS names
// those that are wanted ("python,isync"; "none"); getmail takes minutes a round.
func (l *lab) peers(u mailboxtest.User) (all []*contestant) {
	wanted, chosen := os.LookupEnv("BENCH_PEERS")
	for _, p := range []struct {
		name string
		make func() *contestant
	}{
		{"python", func() *contestant { return l.python(u, l.dovecot.TLS) }},
		{"isync", func() *contestant { return l.isync(u) }},
		{"getmail", func() *contestant { return l.getmail(u) }},
	} {
		if chosen && !strings.Contains(wanted, p.name) {
			continue
		}
		if c := p.make(); c != nil {
			all = append(all, c)
		}
	}
	return all
}

func (l *lab) isync(u mailboxtest.User) *contestant {
	exe, err := exec.LookPath("mbsync")
	if err != nil {
		return nil
	}
	dir, conf := filepath.Join(l.dir, "isync"), filepath.Join(l.dir, "mbsyncrc")
	return &contestant{
		name: "isync (mbsync) to a maildir, nothing parsed", peer: true,
		prepare: func() error {
			os.RemoveAll(dir)
			text := fmt.Sprintf("IMAPStore r\nHost localhost\nPort %d\nUser %s\nPass %s\nSSLType IMAPS\nCertificateFile %s\n\nMaildirStore l\nPath %s/\nInbox %s/INBOX\n\nChannel c\nFar :r:\nNear :l:\nSync Pull\nCreate Near\nSyncState *\n",
				l.dovecot.TLS, u.Name, u.Password, l.caFile, dir, dir)
			if err := os.MkdirAll(dir, 0o700); err != nil {
				return err
			}
			return os.WriteFile(conf, []byte(text), 0o600)
		},
		command: func() *exec.Cmd { return exec.Command(exe, "-q", "-c", conf, "c") },
	}
}

func (l *lab) getmail(u mailboxtest.User) *contestant {
	exe, err := exec.LookPath("getmail")
	if err != nil {
		return nil
	}
	dir, user := filepath.Join(l.dir, "getmail"), ""
	if os.Geteuid() == 0 {
		user = "user = nobody\n" // getmail does not deliver as root
	}
	return &contestant{
		name: "getmail6 to a maildir, nothing parsed", peer: true,
		prepare: func() error {
			os.RemoveAll(dir)
			for _, d := range []string{"box/cur", "box/new", "box/tmp"} {
				if err := os.MkdirAll(filepath.Join(dir, d), 0o700); err != nil {
					return err
				}
			}
			text := fmt.Sprintf("[retriever]\ntype = SimpleIMAPSSLRetriever\nserver = localhost\nport = %d\nusername = %s\npassword = %s\nca_certs = %s\n[destination]\ntype = Maildir\npath = %s/box/\n%s[options]\nread_all = true\ndelivered_to = false\nreceived = false\nverbose = 0\n",
				l.dovecot.TLS, u.Name, u.Password, l.caFile, dir, user)
			if user != "" {
				exec.Command("chown", "-R", "nobody", dir).Run()
				exec.Command("chmod", "a+x", l.dir).Run()
			}
			return os.WriteFile(filepath.Join(dir, "getmailrc"), []byte(text), 0o600)
		},
		command: func() *exec.Cmd { return exec.Command(exe, "--getmaildir", dir) },
	}
}

func (l *lab) poll() error {
	n := number("BENCH_MAILS", 100_000)
	u, _ := l.fill(smallMail, n, true)
	fmt.Printf("poll: %d emails, nothing new, TLS on loopback, %d rounds\n\n", n, l.rounds)
	all := []*contestant{l.daemon("imap-integration", u, l.dovecot.TLS, 0, nil)}
	if p := l.python(u, l.dovecot.TLS); p != nil {
		all = append(all, p)
	}
	keepStores(all)
	if err := race(l.rounds, all); err != nil {
		return err
	}
	table(all)
	return l.roundTrips(u, 50*time.Millisecond)
}

// keepStores has each contestant use the store of its first run again, as polls do.
func keepStores(all []*contestant) {
	for _, c := range all {
		first := c.command
		c.prepare = nil
		made := first()
		c.command = func() *exec.Cmd {
			cmd := exec.Command(made.Path, made.Args[1:]...)
			if in, ok := made.Stdin.(*bytes.Reader); ok {
				again := *in
				cmd.Stdin = &again
			}
			return cmd
		}
	}
}

// roundTrips counts a poll's round trips by their time: what the delay adds, over the delay, less the TLS handshake's own.
func (l *lab) roundTrips(u mailboxtest.User, rtt time.Duration) error {
	far, err := newDelayed("127.0.0.1:"+strconv.Itoa(l.dovecot.TLS), rtt)
	if err != nil {
		return err
	}
	near, delayed := l.daemon("without delay", u, l.dovecot.TLS, 0, nil), l.daemon(fmt.Sprintf("at %v", rtt), u, far.port(), 0, nil)
	keepStores([]*contestant{near, delayed})
	if err := race(l.rounds, []*contestant{near, delayed}); err != nil {
		return err
	}
	seconds := func(f figures) float64 { return f.wall.Seconds() }
	trips := (delayed.median(seconds)-near.median(seconds))/rtt.Seconds() - 1
	fmt.Printf("\npoll at %v: %.3f s, without delay %.3f s: %.1f round trips beyond the TLS handshake's own (TCP's included)\n",
		rtt, delayed.median(seconds), near.median(seconds), trips)
	return nil
}

func (l *lab) latency() error {
	n := number("BENCH_MAILS", 500)
	u, size := l.fill(corpus{medianBytes: 12_000, sigma: 1.2}, n, false)
	for _, ms := range []int{20, 50, 100} {
		far, err := newDelayed("127.0.0.1:"+strconv.Itoa(l.dovecot.TLS), time.Duration(ms)*time.Millisecond)
		if err != nil {
			return err
		}
		fmt.Printf("\nlatency: %d emails, %.1f MB, %d ms round trip\n\n", n, float64(size)/1e6, ms)
		all := []*contestant{l.drain("raw drain", u, far.port()), l.daemon("imap-integration, local store", u, far.port(), n, nil)}
		if err := race(l.rounds, all); err != nil {
			return err
		}
		table(all)
		empty := l.dovecot.NewUser()
		l.dovecot.Status(empty, "INBOX")
		if err := l.roundTrips(empty, time.Duration(ms)*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

func (l *lab) memory() error {
	many := number("BENCH_MAILS", 10_000)
	bulk, _ := l.fill(realMail, many, false)
	large := l.dovecot.NewUser()
	for i := range 10 {
		l.dovecot.Deliver(large, largeMail(i, 50<<20-4096), mailboxtest.Delivery{})
	}
	parts := l.dovecot.NewUser()
	l.dovecot.Deliver(parts, manyParts(10_000), mailboxtest.Delivery{})
	all := []*contestant{
		l.daemon(fmt.Sprintf("%d emails", many), bulk, l.dovecot.TLS, many, nil),
		l.daemon("ten emails of 50 MB", large, l.dovecot.TLS, 10, nil),
		l.daemon("one email of 10,000 parts", parts, l.dovecot.TLS, 1, nil),
	}
	for _, c := range all {
		if err := race(min(l.rounds, 3), []*contestant{c}); err != nil {
			return err
		}
	}
	fmt.Println("| mailbox | peak memory (median) | wall |")
	fmt.Println("|---|---|---|")
	for _, c := range all {
		fmt.Printf("| %s | %.0f MB | %.2f s |\n", c.name, c.median(func(f figures) float64 { return float64(f.peak) / 1e6 }), c.median(func(f figures) float64 { return f.wall.Seconds() }))
	}
	return nil
}

func largeMail(i, size int) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "From: a@news.example\nTo: soc@corp.example\nSubject: large %d\nMessage-ID: <large%d@news.example>\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=xx\n\n--xx\nContent-Type: text/plain\n\nsee file\n--xx\nContent-Type: application/zip\nContent-Transfer-Encoding: base64\nContent-Disposition: attachment; filename=large.zip\n\n", i, i)
	line := bytes.Repeat([]byte("QUJD"), 19)
	copy(line, fmt.Sprintf("%04d", i))
	for b.Len() < size-size/78 { // the server makes CRLF of each LF
		b.Write(line)
		b.WriteByte('\n')
	}
	b.WriteString("--xx--\n")
	return b.Bytes()
}

func manyParts(n int) []byte {
	var b bytes.Buffer
	b.WriteString("From: a@news.example\nTo: soc@corp.example\nSubject: parts\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=xx\n\n")
	for i := range n {
		fmt.Fprintf(&b, "--xx\nContent-Type: application/octet-stream\nContent-Disposition: attachment; filename=f%d.bin\n\npart %d\n", i, i)
	}
	b.WriteString("--xx--\n")
	return b.Bytes()
}

func (l *lab) start() error {
	all := []*contestant{
		{name: "imap-integration email-subject-regex", command: func() *exec.Cmd {
			cmd := exec.Command(l.binary, "email-subject-regex")
			cmd.Stdin = strings.NewReader(`{"text":"Invoice 4711 overdue","regex":"\\d+"}`)
			return cmd
		}},
	}
	if exe, err := exec.LookPath("python3"); err == nil {
		all = append(all, &contestant{name: "python3 -c 'import re, email, imaplib'", command: func() *exec.Cmd {
			return exec.Command(exe, "-c", "import re, json, email, imaplib; print(json.dumps(re.findall(r'\\d+', 'Invoice 4711 overdue')))")
		}})
	}
	if err := race(max(l.rounds, 10), all); err != nil {
		return err
	}
	table(all)
	return nil
}
