// Package imapmem is a small IMAP server on loopback whose one mailbox lives in
// memory, and a certificate for it. The program's demo runs on it, and tests
// that need no real server do. It behaves; the servers that do not are in mailboxtest,
// which is not part of the program.
package imapmem

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
)

// Server is a running server. It cannot show CONDSTORE,
// ID, or the last email that "UID n:*" past the end must find.
type Server struct {
	Host     string // "127.0.0.1"
	Port     int
	Username string
	Password string

	user     *imapmemserver.User
	server   *imapserver.Server
	listener net.Listener
	ended    chan struct{}
}

// Start starts the server on a free port, with an INBOX. With conf it
// speaks TLS from the first byte, without it in clear.
func Start(username, password string, conf *tls.Config) (*Server, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("cannot start the mail server in memory: %w", err)
	}
	m := &Server{
		Host: "127.0.0.1", Port: listener.Addr().(*net.TCPAddr).Port, Username: username, Password: password,
		user: imapmemserver.NewUser(username, password), ended: make(chan struct{}),
	}
	if conf != nil {
		listener = tls.NewListener(listener, conf)
	}
	mail := imapmemserver.New()
	mail.AddUser(m.user)
	m.server = imapserver.New(&imapserver.Options{
		NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			return mail.NewSession(), nil, nil
		},
		Caps:         imap.CapSet{imap.CapIMAP4rev1: {}, imap.CapESearch: {}, imap.CapLiteralPlus: {}, imap.CapMove: {}},
		InsecureAuth: true, // it listens on loopback only
		Logger:       log.New(io.Discard, "", 0),
	})
	m.listener = listener
	go func() {
		defer close(m.ended)
		_ = m.server.Serve(listener)
	}()
	if err := m.CreateFolder("INBOX"); err != nil {
		_ = m.Close()
		return nil, err
	}
	return m, nil
}

// CreateFolder makes a folder; name is UTF-8.
func (m *Server) CreateFolder(name string) error {
	if err := m.user.Create(name, nil); err != nil {
		return fmt.Errorf("cannot make the folder %q: %w", name, err)
	}
	return nil
}

// Append puts an email into a folder and returns its UID. when is its INTERNALDATE.
func (m *Server) Append(folder string, raw []byte, when time.Time, flags ...string) (uint32, error) {
	options := &imap.AppendOptions{Time: when}
	for _, f := range flags {
		options.Flags = append(options.Flags, imap.Flag(f))
	}
	data, err := m.user.Append(folder, literal{bytes.NewReader(raw)}, options)
	if err != nil {
		return 0, fmt.Errorf("cannot put an email into the folder %q: %w", folder, err)
	}
	return uint32(data.UID), nil
}

// literal is an email in the form that the server takes.
type literal struct{ *bytes.Reader }

// Size is the number of bytes.
func (l literal) Size() int64 { return l.Reader.Size() }

// Close ends the server and its connections.
func (m *Server) Close() error {
	err := m.server.Close()
	<-m.ended
	return err
}
