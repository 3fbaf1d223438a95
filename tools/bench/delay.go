package main

import (
	"io"
	"net"
	"time"
)

// delayed is a relay that lets every byte arrive half a round trip later, in
// both directions, without limiting how much is on its way.
type delayed struct {
	listener net.Listener
	target   string
	half     time.Duration
}

func newDelayed(target string, roundTrip time.Duration) (*delayed, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	d := &delayed{l, target, roundTrip / 2}
	go d.accept()
	return d, nil
}

func (d *delayed) port() int { return d.listener.Addr().(*net.TCPAddr).Port }

func (d *delayed) accept() {
	for {
		c, err := d.listener.Accept()
		if err != nil {
			return
		}
		go d.serve(c, time.Now())
	}
}

// serve lets the connection itself cost a round trip, as TCP's handshake does.
func (d *delayed) serve(c net.Conn, accepted time.Time) {
	time.Sleep(time.Until(accepted.Add(2 * d.half)))
	s, err := net.Dial("tcp", d.target)
	if err != nil {
		c.Close()
		return
	}
	go d.copy(s, c)
	d.copy(c, s)
}

type piece struct {
	data []byte
	due  time.Time
}

func (d *delayed) copy(to io.WriteCloser, from io.Reader) {
	pieces := make(chan piece, 4096)
	go func() {
		defer to.Close()
		for p := range pieces {
			time.Sleep(time.Until(p.due))
			if _, err := to.Write(p.data); err != nil {
				break
			}
		}
		for range pieces { // the reader must not block
		}
	}()
	defer close(pieces)
	for {
		buf := make([]byte, 64<<10)
		n, err := from.Read(buf)
		if n > 0 {
			pieces <- piece{buf[:n], time.Now().Add(d.half)}
		}
		if err != nil {
			return
		}
	}
}
