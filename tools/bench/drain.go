package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"os"
	"strings"
)

// drain is the raw drain, the yardstick: one connection, one FETCH of
// everything, bytes read and thrown away. It runs as a process of its own:
// bench drain ADDRESS USER PASSWORD CAFILE.
func drain(args []string) error {
	pem, err := os.ReadFile(args[3])
	if err != nil {
		return err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	conn, err := tls.Dial("tcp", args[0], &tls.Config{RootCAs: pool, ServerName: "localhost", MinVersion: tls.VersionTLS12})
	if err != nil {
		return err
	}
	defer conn.Close()
	r := bufio.NewReaderSize(conn, 256<<10)
	if _, err := r.ReadString('\n'); err != nil {
		return err
	}
	for i, command := range []string{fmt.Sprintf("LOGIN %s %s", args[1], args[2]), "EXAMINE INBOX"} {
		if err := exchange(conn, r, fmt.Sprintf("a%d", i), command); err != nil {
			return err
		}
	}
	if _, err := io.WriteString(conn, "z1 UID FETCH 1:* (UID FLAGS INTERNALDATE BODY.PEEK[])\r\n"); err != nil {
		return err
	}
	return skipTo(r, []byte("\r\nz1 OK"))
}

func exchange(w io.Writer, r *bufio.Reader, tag, command string) error {
	if _, err := fmt.Fprintf(w, "%s %s\r\n", tag, command); err != nil {
		return err
	}
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return err
		}
		if rest, ok := strings.CutPrefix(line, tag+" "); ok {
			if !strings.HasPrefix(rest, "OK") {
				return fmt.Errorf("%s: %s", command[:6], rest)
			}
			return nil
		}
	}
}

// skipTo reads until the data ends with a line that begins like this; it looks only at what arrives last.
func skipTo(r io.Reader, end []byte) error {
	buf := make([]byte, 256<<10)
	var tail []byte
	for {
		n, err := r.Read(buf)
		tail = append(tail, buf[max(0, n-200):n]...)
		tail = tail[max(0, len(tail)-200):]
		if strings.Contains(string(tail), string(end)) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
