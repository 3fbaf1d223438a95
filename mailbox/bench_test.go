package mailbox_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"testing"

	"example.org/imap-integration/mailbox"
	"example.org/imap-integration/mailbox/mailboxtest"
)

// BenchmarkFetch compares a fetch of 2,000 emails (84 MB) over TLS with reading
// the answer to one FETCH of everything and throwing it away.
func BenchmarkFetch(b *testing.B) {
	const emails, size = 2000, 42_000
	d := mailboxtest.StartDovecot(b)
	u := d.NewUser()
	for i := range emails {
		d.Deliver(u, mail(i, size), mailboxtest.Delivery{})
	}
	drain(b, d, u, emails) // the first reader builds Dovecot's index
	b.Run("drain", func(b *testing.B) {
		for b.Loop() {
			b.SetBytes(drain(b, d, u, emails))
		}
	})
	b.Run("fetch", func(b *testing.B) {
		for b.Loop() {
			b.SetBytes(fetchEverything(b, d, u))
		}
	})
}

func fetchEverything(b *testing.B, d *mailboxtest.Dovecot, u mailboxtest.User) (total int64) {
	conf := mailbox.Config{Host: d.Host, Port: d.TLS, Secure: d.Authority.Secure, ReadOnly: true, Login: login(u)}
	f, err := mailbox.Dial(b.Context(), conf)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	uids, err := f.Search(b.Context(), mailbox.Criteria{})
	if err != nil {
		b.Fatal(err)
	}
	err = f.Fetch(b.Context(), uids, func(r *mailbox.Raw) error {
		total += r.Size
		r.Release()
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	return total
}

func drain(b *testing.B, d *mailboxtest.Dovecot, u mailboxtest.User, emails int) int64 {
	c, err := tls.Dial("tcp", net.JoinHostPort(d.Host, fmt.Sprint(d.TLS)), d.ClientTLS())
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintf(c, "a LOGIN %q %q\r\nb EXAMINE INBOX\r\nc UID FETCH 1:* (UID FLAGS INTERNALDATE BODY.PEEK[])\r\nd LOGOUT\r\n", u.Name, u.Password)
	n, err := io.Copy(io.Discard, bufio.NewReaderSize(c, 64<<10))
	if err != nil || n < int64(emails) {
		b.Fatal(n, err)
	}
	return n
}
