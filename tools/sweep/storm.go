package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// A storm is a large mailbox behind a bad line and, for REST, a bad API: one
// email in a hundred meets a fault of some kind. Runs go on until quiet.

// stormEvery is how many emails pass, on average, between two faults.
const stormEvery = 100

// stormRuns bounds the runs; each survives a few faults.
const stormRuns = 5000

// storm takes the modes whose name contains only.
func (b *bench) storm(only string) error {
	fmt.Println("| storm | emails | faults | runs | emails lost | saved twice | never handed over | peak memory, first and last tenth of the runs |")
	fmt.Println("|---|---|---|---|---|---|---|---|")
	return eachMode(func(name string) bool {
		return (name == "local/unseen" || name == "rest, knows keys/unseen") && strings.Contains(name, only)
	}, b.stormOn)
}

// eachMode runs a storm in the modes that are wanted, until one fails.
func eachMode(wanted func(name string) bool, storm func(mode) error) error {
	for _, m := range modes() {
		if !wanted(m.name) {
			continue
		}
		if err := storm(m); err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
	}
	return nil
}

func (b *bench) stormOn(m mode) error {
	s, err := b.stage(m)
	if err != nil {
		return err
	}
	defer s.close()
	r := rand.New(rand.NewPCG(1, 2))
	line := &badLine{target: "127.0.0.1:" + strconv.Itoa(b.dovecot.TLS), random: r}
	if err := line.listen(); err != nil {
		return err
	}
	defer line.listener.Close()
	change := map[string]any{"port": line.port(), "timeout": 2, "max_messages": 300}
	if base, ok := s.store.params()["cloud_soar_api_url"].(string); ok && m.name != "local/unseen" {
		api := newBadAPI(base, r)
		defer api.server.Close()
		change["cloud_soar_api_url"] = api.server.URL
		line.others = &api.faults
	}
	peaks, err := s.untilQuiet(change)
	if err != nil {
		return err
	}
	o, err := s.compare()
	if err != nil {
		return err
	}
	tenth := max(1, len(peaks)/10)
	fmt.Printf("| %s | %d | %d | %d | %d | %d | %d | %.0f MB, %.0f MB |\n", m.name, len(s.want), line.count(), len(peaks), o.lost, o.twice, o.neverOut,
		highest(peaks[:tenth]), highest(peaks[len(peaks)-tenth:]))
	if o != (outcome{}) {
		return errors.New("the ledger is wrong")
	}
	return nil
}

func highest(peaks []int64) float64 {
	var most int64
	for _, p := range peaks {
		most = max(most, p)
	}
	return float64(most) / 1e6
}

// untilQuiet runs, faults and all, until a run succeeds with nothing new. It returns each run's peak memory.
func (s *scene) untilQuiet(change map[string]any) (peaks []int64, err error) {
	for range stormRuns {
		var stdout, stderr bytes.Buffer
		cmd := s.command(change, &stdout, &stderr)
		if err := cmd.Start(); err != nil {
			return peaks, err
		}
		peak := make(chan int64, 1)
		go func() { peak <- followPeak(cmd.Process.Pid) }()
		err := cmd.Wait()
		peaks = append(peaks, <-peak)
		var exit *exec.ExitError
		if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 1) {
			return peaks, fmt.Errorf("a run ended with %w: %s", err, stderr.String())
		}
		if err != nil {
			continue
		}
		n, err := s.take(stdout.Bytes())
		if err != nil || n == 0 {
			return peaks, err
		}
		if len(peaks)%20 == 0 {
			fmt.Fprintf(os.Stderr, "%s: %d runs, %d of %d handed over\n", s.m.name, len(peaks), len(s.out), len(s.want))
		}
	}
	return peaks, fmt.Errorf("not quiet after %d runs", stormRuns)
}

// followPeak reads the peak of a process's resident memory until it ends, bytes.
func followPeak(pid int) (peak int64) {
	for {
		data, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
		_, rest, ok := bytes.Cut(data, []byte("VmHWM:"))
		if err != nil || !ok {
			return peak
		}
		var kib int64
		fmt.Sscan(string(rest), &kib)
		peak = max(peak, kib<<10)
		time.Sleep(20 * time.Millisecond)
	}
}

// badLine is a relay to the mail server on which something goes wrong after some emails.
type badLine struct {
	listener net.Listener
	target   string
	faults   atomic.Int64
	others   *atomic.Int64 // faults of the API

	mu     sync.Mutex
	random *rand.Rand
}

func (l *badLine) listen() (err error) {
	l.listener, err = net.Listen("tcp", "127.0.0.1:0")
	if err == nil {
		go l.accept()
	}
	return err
}

func (l *badLine) port() int { return l.listener.Addr().(*net.TCPAddr).Port }

func (l *badLine) count() int64 {
	n := l.faults.Load()
	if l.others != nil {
		n += l.others.Load()
	}
	return n
}

func (l *badLine) accept() {
	for {
		c, err := l.listener.Accept()
		if err != nil {
			return
		}
		l.mu.Lock()
		// An email of the sweep is about 700 bytes on the wire, with its FETCH answer.
		after, kind := int64(l.random.ExpFloat64()*stormEvery*700), l.random.IntN(4)
		l.mu.Unlock()
		go l.serve(c, after, kind)
	}
}

// serve passes `after` bytes from the server, then does what kind says: 0 closes,
// 1 resets, 2 goes silent, 3 damages a byte (which TLS must notice).
func (l *badLine) serve(c net.Conn, after int64, kind int) {
	defer c.Close()
	s, err := net.Dial("tcp", l.target)
	if err != nil {
		return
	}
	defer s.Close()
	go io.Copy(s, c)
	if n, _ := io.CopyN(c, s, after); n < after {
		return // the run was over before
	}
	l.faults.Add(1)
	switch kind {
	case 1:
		c.(*net.TCPConn).SetLinger(0)
	case 2:
		time.Sleep(5 * time.Second)
	case 3:
		one := make([]byte, 1)
		if _, err := io.ReadFull(s, one); err == nil {
			one[0] ^= 0x40
			c.Write(one)
			io.Copy(c, s)
		}
	}
}

// badAPI is a proxy before the API that fails one request in a hundred.
type badAPI struct {
	server *httptest.Server
	faults atomic.Int64
}

func newBadAPI(base string, r *rand.Rand) *badAPI {
	target, _ := url.Parse(base)
	proxy := httputil.NewSingleHostReverseProxy(target)
	a := &badAPI{}
	var mu sync.Mutex
	a.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		mu.Lock()
		bad, kind := r.IntN(stormEvery) == 0, r.IntN(4)
		mu.Unlock()
		if !bad {
			proxy.ServeHTTP(w, q)
			return
		}
		a.faults.Add(1)
		switch kind {
		case 0: // never arrived
			http.Error(w, "try later", http.StatusServiceUnavailable)
		case 1: // too fast
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(http.StatusTooManyRequests)
		case 2: // done, but the answer is lost
			proxy.ServeHTTP(httptest.NewRecorder(), q)
			panic(http.ErrAbortHandler)
		case 3: // done, but the answer is another
			proxy.ServeHTTP(httptest.NewRecorder(), q)
			http.Error(w, "<html>gateway</html>", http.StatusBadGateway)
		}
	}))
	return a
}
