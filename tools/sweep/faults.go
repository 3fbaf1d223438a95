package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// fault is one way of hurting a run. Its points are numbered from 1; what a
// number means is the fault's own.
type fault struct {
	name string
	// count finds out how many points there are, on a scene of its own.
	count func(s *scene) (points int, kinds string, err error)
	// strike is the run that is hurt.
	strike func(s *scene, at int) error
	local  bool // only where the store is a file of the run
	keys   bool // only where the store knows keys: nothing else keeps two runs apart
}

var faults = []fault{
	{name: "SIGKILL at a system call", count: countCalls, strike: func(s *scene, at int) error { return s.killed(at, syscall.SIGKILL) }},
	{name: "SIGTERM at a system call", count: countCalls, strike: func(s *scene, at int) error { return s.killed(at, syscall.SIGTERM) }},
	{name: "connection cut after so many KiB", count: countBytes, strike: func(s *scene, at int) error { return s.cut(int64(at) << 10) }},
	{name: "two runs at once", count: func(*scene) (int, string, error) { return 40, "5 ms apart each", nil }, strike: twoRuns, keys: true},
	{name: "full disk under the store", count: countDisk, strike: fullDisk, local: true},
}

func countCalls(s *scene) (int, string, error) {
	t, err := s.trace(0, 0)
	if err != nil {
		return 0, "", err
	}
	return t.points, kinds(t.kinds), nil
}

// killed is the run that gets a signal at a fault point.
func (s *scene) killed(at int, signal syscall.Signal) error {
	_, err := s.trace(at, signal)
	return err
}

// command is a run whose parameters are those of the scene, changed.
func (s *scene) command(change map[string]any, stdout, stderr io.Writer) *exec.Cmd {
	cmd := exec.Command(s.b.binary, "incoming-mail-daemon")
	cmd.Stdin = bytes.NewReader(s.parameters(change))
	cmd.Stdout, cmd.Stderr = stdout, stderr
	return cmd
}

// hurt is a run that may fail; what it handed over counts when it is whole.
func (s *scene) hurt(change map[string]any) error {
	var stdout, stderr bytes.Buffer
	err := s.command(change, &stdout, &stderr).Run()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 1) {
		return fmt.Errorf("the run ended with %w: %s", err, stderr.String())
	}
	if stdout.Len() > 0 {
		_, err = s.take(stdout.Bytes())
		return err
	}
	return nil
}

// countBytes measures what the server says in a run, in KiB.
func countBytes(s *scene) (int, string, error) {
	relay, err := newCutter(s.port, 1<<40)
	if err != nil {
		return 0, "", err
	}
	defer relay.listener.Close()
	if err := s.hurt(map[string]any{"port": relay.port()}); err != nil {
		return 0, "", err
	}
	return int(relay.passed.Load()>>10) + 1, "KiB", nil
}

// cut is a run whose every connection ends after so many bytes from the server.
func (s *scene) cut(after int64) error {
	relay, err := newCutter(s.port, after)
	if err != nil {
		return err
	}
	defer relay.listener.Close()
	return s.hurt(map[string]any{"port": relay.port()})
}

// cutter is a relay that cuts each connection after so many bytes from the server.
type cutter struct {
	listener net.Listener
	target   string
	after    int64
	passed   atomic.Int64

	hidesMove bool // the server seems not to offer MOVE
}

func newCutter(target int, after int64) (*cutter, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	c := &cutter{listener: l, target: "127.0.0.1:" + strconv.Itoa(target), after: after}
	go c.accept()
	return c, nil
}

func (c *cutter) port() int { return c.listener.Addr().(*net.TCPAddr).Port }

func (c *cutter) accept() {
	for {
		conn, err := c.listener.Accept()
		if err != nil {
			return
		}
		go c.serve(conn)
	}
}

func (c *cutter) serve(conn net.Conn) {
	defer conn.Close()
	server, err := net.Dial("tcp", c.target)
	if err != nil {
		return
	}
	defer server.Close()
	go io.Copy(server, conn)
	from := io.Reader(server)
	if c.hidesMove {
		from = moveless{server}
	}
	io.Copy(conn, io.TeeReader(io.LimitReader(from, c.after), c))
}

// moveless has a capability of another name in place of MOVE. A server writes its
// capabilities in one piece.
type moveless struct{ io.Reader }

func (m moveless) Read(p []byte) (int, error) {
	n, err := m.Reader.Read(p)
	copy(p, bytes.ReplaceAll(p[:n], []byte(" MOVE"), []byte(" XOVE")))
	return n, err
}

// Write counts what passes.
func (c *cutter) Write(p []byte) (int, error) {
	c.passed.Add(int64(len(p)))
	return len(p), nil
}

// twoRuns starts a second run a little after the first, on the same mailbox and store.
func twoRuns(s *scene, at int) error {
	var out, errs [2]bytes.Buffer
	first, second := s.command(nil, &out[0], &errs[0]), s.command(nil, &out[1], &errs[1])
	if err := first.Start(); err != nil {
		return err
	}
	time.Sleep(time.Duration(at) * 5 * time.Millisecond)
	if err := second.Start(); err != nil {
		return err
	}
	for i, err := range []error{first.Wait(), second.Wait()} {
		if err != nil {
			return fmt.Errorf("run %d: %w: %s", i+1, err, errs[i].String())
		}
		if _, err := s.take(out[i].Bytes()); err != nil {
			return err
		}
	}
	return nil
}

// diskStep is by how much the disk of one point is larger than that of the one before.
const diskStep = 16 << 10

func countDisk(s *scene) (int, string, error) {
	if os.Geteuid() != 0 {
		return 0, "skipped: mounting a small disk needs root", nil
	}
	if err := s.hurt(nil); err != nil {
		return 0, "", err
	}
	size := int64(0)
	files, _ := filepath.Glob(s.store.(*file).path + "*")
	for _, f := range files {
		if info, err := os.Stat(f); err == nil {
			size += info.Size()
		}
	}
	return int(size/diskStep) + 4, "disks of 16 KiB more each", nil
}

// fullDisk is a run whose store lies on a disk that is too small, made larger afterwards.
func fullDisk(s *scene, at int) error {
	store := s.store.(*file)
	disk := filepath.Join(s.dir, "disk")
	if err := os.Mkdir(disk, 0o700); err != nil {
		return err
	}
	size := "size=" + strconv.Itoa(at*diskStep)
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", size, "tmpfs", disk).CombinedOutput(); err != nil {
		return fmt.Errorf("mount: %w: %s", err, out)
	}
	s.after = append(s.after, func() { exec.Command("umount", disk).Run() })
	old, _ := filepath.Glob(store.path + "*")
	for _, f := range old { // what the first run saved moves to the disk, as far as it fits
		if out, err := exec.Command("cp", "--preserve=mode", f, filepath.Join(disk, filepath.Base(f))).CombinedOutput(); err != nil {
			if strings.Contains(string(out), "No space") {
				return s.grow(disk, store)
			}
			return fmt.Errorf("cp: %w: %s", err, out)
		}
	}
	small := filepath.Join(disk, filepath.Base(store.path))
	if err := s.hurt(map[string]any{"cloud_soar_api_url": "local:" + small}); err != nil {
		return err
	}
	store.path = small
	return s.grow(disk, store)
}

func (s *scene) grow(disk string, _ *file) error {
	if out, err := exec.Command("mount", "-o", "remount,size=64m", disk).CombinedOutput(); err != nil {
		return fmt.Errorf("remount: %w: %s", err, out)
	}
	return nil
}
