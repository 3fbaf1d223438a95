package mailboxtest

import (
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"time"
)

// Say sends text, cut as the options ask. A client that is gone is no error here.
func (c *ScriptConn) Say(format string, args ...any) {
	text := format
	if len(args) > 0 {
		text = fmt.Sprintf(format, args...)
	}
	c.Write([]byte(text))
}

// Write sends bytes, likewise. It reports whether the client still takes them.
func (c *ScriptConn) Write(data []byte) bool {
	segment, pause := c.Script.pace()
	size := len(data)
	if segment > 0 {
		size = segment
	}
	for piece := range slices.Chunk(data, max(size, 1)) {
		_ = c.conn.SetWriteDeadline(time.Now().Add(scriptPatience))
		if _, err := c.conn.Write(piece); err != nil || !c.Wait(pause) {
			return false
		}
	}
	return true
}

// pace is how the options cut what is sent.
func (s *Script) pace() (segment int, pause time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.options.Segment, s.options.Pause
}

// Wait sleeps; false says that the script has ended.
func (c *ScriptConn) Wait(d time.Duration) bool {
	if d <= 0 {
		return true
	}
	select {
	case <-time.After(d):
		return true
	case <-c.Script.done:
		return false
	}
}

// Silence says nothing until the client hangs up or the script ends.
func (c *ScriptConn) Silence() {
	_, _ = io.Copy(io.Discard, c.in)
}

// Flood sends a text again and again, n times or until the client hangs up.
func (c *ScriptConn) Flood(text string, n int) {
	block := []byte(strings.Repeat(text, max(1, 32<<10/len(text))))
	for sent := 0; sent < n*len(text); sent += len(block) {
		if !c.Write(block[:min(len(block), n*len(text)-sent)]) {
			return
		}
	}
}

// Hangup ends the connection: FIN after what was sent.
func (c *ScriptConn) Hangup() { _ = c.conn.Close() }

// Reset ends the connection with RST.
func (c *ScriptConn) Reset() {
	if t, ok := c.socket.(*net.TCPConn); ok {
		_ = t.SetLinger(0)
	}
	_ = c.socket.Close()
}

// OK ends a command.
func (c *ScriptConn) OK(cmd Command) { c.Say("%s OK done\r\n", cmd.Tag) }
