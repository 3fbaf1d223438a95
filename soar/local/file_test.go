package local

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"example.org/imap-integration/message"
	"example.org/imap-integration/soar"
)

func TestNewStoreIsWholeAndPrivate(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a?b %20#[*]c.db")
	s := open(t, path, Options{})
	save(t, s, draft(1, "a"))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("mode: %v, %v", info.Mode(), err)
	}
	if names, _ := os.ReadDir(dir); len(names) != 1 {
		t.Errorf("left beside it: %v", names)
	}
	s = open(t, path, Options{})
	if got := save(t, s, draft(1, "a")); got[0] != (soar.Saved{ID: "1", Existed: true}) {
		t.Errorf("after opening again: %+v", got)
	}
	var mode string
	var synchronous int
	if err := s.write.QueryRow("PRAGMA journal_mode").Scan(&mode); err != nil || mode != "wal" {
		t.Errorf("journal mode %q, %v", mode, err)
	}
	if err := s.write.QueryRow("PRAGMA synchronous").Scan(&synchronous); err != nil || synchronous != 2 {
		t.Errorf("synchronous %d, %v", synchronous, err)
	}
}

func TestRefusedPaths(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(in(name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("empty.db", "")
	write("text.db", strings.Repeat("not a store ", 1000))
	foreign(t, in("foreign.db"), "CREATE TABLE x (y)")
	open(t, in("newer.db"), Options{})
	foreign(t, in("newer.db"), fmt.Sprintf("PRAGMA user_version=%d", schemaVersion+1))
	open(t, in("good.db"), Options{})
	if err := os.Symlink(in("good.db"), in("link.db")); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(in("fifo.db"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, path, want string }{
		{"no folder", in("none/soar.db"), "does not exist"},
		{"below a file", in("text.db/soar.db"), "not a directory"},
		{"a folder", dir, "is a folder"},
		{"a link", in("link.db"), "symbolic link"},
		{"a pipe", in("fifo.db"), "not a regular file"},
		{"a device", "/dev/full", "not a regular file"},
		{"empty", in("empty.db"), "is empty"},
		{"text", in("text.db"), "not an SQLite file"},
		{"another program's", in("foreign.db"), "another program's"},
		{"newer", in("newer.db"), "newer"},
		{"no right", "/proc/soar.db", "cannot make the store"},
	} {
		for _, readOnly := range []bool{false, true} {
			_, err := Open(context.Background(), c.path, Options{ReadOnly: readOnly})
			if c.name == "no right" && readOnly {
				continue // what a person may do is asked by Check
			}
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), filepath.Base(c.path)) {
				t.Errorf("%s: %v", c.name, err)
			}
			if err != nil && strings.Contains(err.Error(), "\n") {
				t.Errorf("%s: more than a line: %v", c.name, err)
			}
		}
	}
	if text, err := os.ReadFile(in("empty.db")); err != nil || len(text) != 0 {
		t.Errorf("the empty file was changed: %d bytes, %v", len(text), err)
	}
}

// foreign runs SQL on a file without the package.
func foreign(t *testing.T, path, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", dsn(path))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(statement); err != nil {
		t.Fatal(err)
	}
}

func TestAnothersFile(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("skipped: only root can give a file away")
	}
	path := filepath.Join(t.TempDir(), "soar.db")
	open(t, path, Options{})
	if err := os.Chown(path, 65534, 65534); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(context.Background(), path, Options{}); err == nil || !strings.Contains(err.Error(), "65534") {
		t.Errorf("error: %v", err)
	}
}

func TestOthersLoseTheirRights(t *testing.T) {
	path := filepath.Join(t.TempDir(), "soar.db")
	open(t, path, Options{})
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	open(t, path, Options{ReadOnly: true})
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o644 {
		t.Errorf("read-only changed the mode to %v, %v", info.Mode(), err)
	}
	open(t, path, Options{})
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
		t.Errorf("mode: %v, %v", info.Mode(), err)
	}
}

func TestLogOfADeletedStoreIsNotTaken(t *testing.T) {
	path := filepath.Join(t.TempDir(), "soar.db")
	old := open(t, path, Options{})
	save(t, old, draft(1, "a"))
	log, err := os.ReadFile(path + "-wal") // as a killed run leaves it
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(old.Close(), os.Remove(path), os.WriteFile(path+"-wal", log, 0o600)); err != nil {
		t.Fatal(err)
	}
	if got := save(t, open(t, path, Options{}), draft(1, "a")); got[0] != (soar.Saved{ID: "1"}) {
		t.Errorf("a new store knows the mail: %+v", got)
	}
}

func TestManyMakeOneStore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "soar.db")
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			s, err := Open(context.Background(), path, Options{})
			if err != nil {
				t.Error(err)
				return
			}
			defer s.Close()
			if _, err := s.Save(context.Background(), []*soar.Draft{draft(message.UID(i+1), fmt.Sprint(i))}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if page, err := open(t, path, Options{}).Search(context.Background(), soar.Query{}); err != nil || page.Total != 8 {
		t.Errorf("%d of 8 mails, %v", page.Total, err)
	}
	if names, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".*")); len(names) > 0 {
		t.Errorf("left: %v", names)
	}
}

func TestReadOnlyMakesNothing(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "soar.db")
	ctx := context.Background()
	s := open(t, path, Options{ReadOnly: true})
	if detail, err := s.Check(ctx); err != nil || !strings.Contains(detail, "will make it") {
		t.Errorf("check: %q, %v", detail, err)
	}
	if page, err := s.Search(ctx, soar.Query{}); err != nil || page.Total != 0 {
		t.Errorf("search: %+v, %v", page, err)
	}
	if mark, err := s.Newest(ctx, account, inbox, 7); err != nil || mark != (soar.Mark{}) {
		t.Errorf("newest: %+v, %v", mark, err)
	}
	if names, _ := os.ReadDir(dir); len(names) != 0 {
		t.Errorf("made: %v", names)
	}

	writer := open(t, path, Options{})
	save(t, writer, draft(1, "a"))
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	s = open(t, path, Options{ReadOnly: true})
	if detail, err := s.Check(ctx); err != nil || !strings.HasSuffix(detail, "1 email") {
		t.Errorf("check: %q, %v", detail, err)
	}
	if _, err := s.Save(ctx, []*soar.Draft{draft(2, "b")}); err == nil {
		t.Error("a read-only store saved a mail")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	after, err := os.Stat(path)
	if err != nil || !after.ModTime().Equal(before.ModTime()) || after.Size() != before.Size() {
		t.Errorf("changed by a read-only store: %v", err)
	}
	if names, _ := os.ReadDir(dir); len(names) != 1 {
		t.Errorf("left: %v", names)
	}
}

func TestFullDiskSavesNothing(t *testing.T) {
	s := newStore(t)
	ctx := context.Background()
	save(t, s, draft(1, "a"))
	if _, err := s.write.Exec("PRAGMA max_page_count=40"); err != nil {
		t.Fatal(err)
	}
	big := draft(3, noise(2<<20))
	saved, err := s.Save(ctx, []*soar.Draft{draft(2, "b"), big})
	if len(saved) != 0 || err == nil || !strings.Contains(err.Error(), "the disk is full") {
		t.Fatalf("saved %+v, %v", saved, err)
	}
	if page, err := s.Search(ctx, soar.Query{}); err != nil || page.Total != 1 {
		t.Errorf("half saved: %+v, %v", page, err)
	}
	if _, err := s.write.Exec("PRAGMA max_page_count=4000"); err != nil {
		t.Fatal(err)
	}
	if got := save(t, s, draft(2, "b"), big); got[0] != (soar.Saved{ID: "2"}) || got[1] != (soar.Saved{ID: "3"}) {
		t.Errorf("with space again: %+v", got)
	}
}

// TestHelperProcess is another process for the tests below.
func TestHelperProcess(t *testing.T) {
	path := os.Getenv("LOCAL_TEST_STORE")
	if path == "" {
		t.Skip("only for the tests that start it")
	}
	s := open(t, path, Options{})
	if os.Getenv("LOCAL_TEST_HOLD") != "" {
		if _, err := s.write.Begin(); err != nil {
			t.Fatal(err)
		}
		fmt.Println("holding")
		time.Sleep(time.Minute)
	}
	for i := 0; ; i++ {
		drafts := []*soar.Draft{}
		for j := range 5 {
			drafts = append(drafts, draft(message.UID(i*5+j+1), fmt.Sprintf("%d %d %s", i, j, strings.Repeat("z", 100_000))))
		}
		save(t, s, drafts...)
		if i == 0 {
			fmt.Println("saving")
		}
	}
}

// startHelper runs TestHelperProcess and waits for its first line.
func startHelper(t *testing.T, env ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestHelperProcess$")
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	if _, err := out.Read(make([]byte, 64)); err != nil {
		t.Fatal(err)
	}
	return cmd
}

func TestSecondWriterIsToldWhoHoldsTheStore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "soar.db")
	s := open(t, path, Options{Busy: 50 * time.Millisecond})
	holder := startHelper(t, "LOCAL_TEST_STORE="+path, "LOCAL_TEST_HOLD=1")
	_, err := s.Save(context.Background(), []*soar.Draft{draft(1, "a")})
	if !errors.Is(err, soar.ErrBusy) || !strings.Contains(err.Error(), fmt.Sprintf("process %d", holder.Process.Pid)) {
		t.Errorf("error: %v", err)
	}
	if _, err := s.Search(context.Background(), soar.Query{}); err != nil {
		t.Errorf("reading meanwhile: %v", err)
	}
	_ = holder.Process.Kill()
	_ = holder.Wait()
	if got := save(t, s, draft(1, "a")); got[0].ID != "1" {
		t.Errorf("after the holder's end: %+v", got)
	}
}

func TestKilledWriterLeavesWholeBatches(t *testing.T) {
	path := filepath.Join(t.TempDir(), "soar.db")
	last := 0
	for range 4 {
		cmd := startHelper(t, "LOCAL_TEST_STORE="+path)
		time.Sleep(60 * time.Millisecond)
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		s := open(t, path, Options{})
		page, err := s.Search(context.Background(), soar.Query{})
		if err != nil || page.Total%5 != 0 || page.Total < 5 || page.Total < last {
			t.Fatalf("after SIGKILL: %d mails, %v", page.Total, err)
		}
		last = page.Total
		var verdict string
		if err := s.read.QueryRowContext(t.Context(), "PRAGMA integrity_check").Scan(&verdict); err != nil || verdict != "ok" {
			t.Fatalf("integrity: %q, %v", verdict, err)
		}
		for _, r := range page.Records {
			if raw, err := s.EML(context.Background(), r.ID, 0); err != nil || int64(len(raw)) != r.Size {
				t.Errorf("mail %s: %d of %d bytes, %v", r.ID, len(raw), r.Size, err)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// smallDisk is a folder on a disk of this many bytes; resize changes them.
func smallDisk(t *testing.T, size int) (dir string, resize func(int)) {
	t.Helper()
	dir = t.TempDir()
	mount := func(options string) error {
		return exec.Command("mount", "-t", "tmpfs", "-o", options, "tmpfs", dir).Run()
	}
	if err := mount(fmt.Sprintf("size=%d", size)); err != nil {
		t.Skipf("skipped: a small disk needs root: %v", err)
	}
	t.Cleanup(func() { _ = exec.Command("umount", "-l", dir).Run() })
	return dir, func(size int) {
		t.Helper()
		if err := mount(fmt.Sprintf("remount,size=%d", size)); err != nil {
			t.Fatal(err)
		}
	}
}

// TestNewStoreOnAFullDisk: a store is made whole or not at all, however small the disk is.
func TestNewStoreOnAFullDisk(t *testing.T) {
	for size := 64 << 10; size <= 2<<20; size += 64 << 10 {
		dir, resize := smallDisk(t, size)
		path := filepath.Join(dir, "soar.db")
		if s, err := Open(context.Background(), path, Options{}); err == nil {
			_ = s.Close()
		} else if !strings.Contains(err.Error(), fmt.Sprintf("the disk is full that holds the folder %q; free space", dir)) {
			t.Errorf("%d bytes: %v", size, err)
		}
		for _, name := range names(t, dir) {
			if strings.HasPrefix(name, ".") {
				t.Errorf("%d bytes: left %q", size, name)
			}
		}
		resize(64 << 20)
		s, err := Open(context.Background(), path, Options{})
		if err != nil {
			t.Errorf("%d bytes, and then more: %v", size, err)
			continue
		}
		if _, err := s.Save(context.Background(), []*soar.Draft{draft(1, "a")}); err != nil {
			t.Errorf("%d bytes, and then more: %v", size, err)
		}
		_ = s.Close()
	}
}

func names(t *testing.T, dir string) (found []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		found = append(found, e.Name())
	}
	return found
}

// TestStoreOnADiskFilledLater: whatever is left of the disk, the error says
// what is full, and no email is lost or doubled.
func TestStoreOnADiskFilledLater(t *testing.T) {
	ctx := context.Background()
	for free := 0; free <= 128<<10; free += 4 << 10 {
		dir, resize := smallDisk(t, 8<<20)
		path := filepath.Join(dir, "soar.db")
		s := open(t, path, Options{})
		save(t, s, draft(1, "a"))
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		var disk syscall.Statfs_t
		if err := syscall.Statfs(dir, &disk); err != nil {
			t.Fatal(err)
		}
		resize(int(disk.Blocks-disk.Bfree)*int(disk.Bsize) + free)
		for _, readOnly := range []bool{true, false} {
			s, err := Open(ctx, path, Options{ReadOnly: readOnly})
			if err == nil && !readOnly {
				_, err = s.Save(ctx, []*soar.Draft{draft(2, noise(300<<10))})
			}
			if s != nil {
				_ = s.Close()
			}
			if err == nil && !readOnly {
				t.Errorf("%d bytes free: saved", free)
			}
			if err != nil && !strings.Contains(err.Error(), fmt.Sprintf("the disk is full that holds the folder %q; free space", dir)) {
				t.Errorf("%d bytes free, read-only %t: %v", free, readOnly, err)
			}
			if err != nil && readOnly && (free >= 32<<10 || !strings.Contains(err.Error(), `even reading it needs 32 KiB for the file "soar.db-shm"`)) {
				t.Errorf("%d bytes free: %v", free, err)
			}
		}
		resize(8 << 20)
		if got := save(t, open(t, path, Options{}), draft(1, "a"), draft(2, "b")); !got[0].Existed || got[1].Existed {
			t.Errorf("%d bytes free, then more: %+v", free, got)
		}
	}
}

// TestFileSizeLimit: SQLite calls a file that may not grow a failure of the disk.
func TestFileSizeLimit(t *testing.T) {
	if path := os.Getenv("LOCAL_TEST_LIMIT"); path != "" {
		limit := syscall.Rlimit{Cur: 1 << 20, Max: 1 << 20}
		s := open(t, path, Options{})
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
			t.Fatal(err)
		}
		_, err := s.Save(context.Background(), []*soar.Draft{draft(1, noise(2<<20))})
		if err == nil || !strings.Contains(err.Error(), "ulimit -f") {
			t.Errorf("error: %v", err)
		}
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestFileSizeLimit$")
	cmd.Env = append(os.Environ(), "LOCAL_TEST_LIMIT="+filepath.Join(t.TempDir(), "soar.db"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

// TestLeftoversOfAKilledMaker: they are removed, and nothing else is.
func TestLeftoversOfAKilledMaker(t *testing.T) {
	dir := t.TempDir()
	kept := []string{".soar.db.1.newer", ".soar.db.x.1.new", ".soar.db.new", ".soar.db.backup.new", "soar.db.1.new"}
	for _, name := range append(kept, ".soar.db.123.new", ".soar.db.123.new-wal", ".soar.db.123.new-shm", ".soar.db.4.new-journal") {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	open(t, filepath.Join(dir, "soar.db"), Options{})
	want := append(kept, "soar.db", "soar.db-shm", "soar.db-wal")
	slices.Sort(want)
	if got := names(t, dir); !slices.Equal(got, want) {
		t.Errorf("left %q, want %q", got, want)
	}
}

// TestKilledWhileMaking kills runs at any moment of making a store.
func TestKilledWhileMaking(t *testing.T) {
	for i := range 12 {
		dir := t.TempDir()
		path := filepath.Join(dir, "soar.db")
		cmd := exec.Command(os.Args[0], "-test.run=^TestHelperProcess$")
		cmd.Env = append(os.Environ(), "LOCAL_TEST_STORE="+path)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		for begun := time.Now(); time.Since(begun) < 10*time.Second && len(names(t, dir)) == 0; {
			time.Sleep(100 * time.Microsecond)
		}
		time.Sleep(time.Duration(i) * 500 * time.Microsecond)
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		s := open(t, path, Options{})
		if _, err := s.Save(context.Background(), []*soar.Draft{draft(1<<20, "a")}); err != nil {
			t.Errorf("after a kill: %v", err)
		}
		if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) > 0 {
			t.Errorf("left %q", left)
		}
	}
}

func TestFolderLockedByAnother(t *testing.T) {
	dir := t.TempDir()
	folder, err := os.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Close()
	if err := syscall.Flock(int(folder.Fd()), syscall.LOCK_EX); err != nil {
		t.Skipf("skipped: no locks here: %v", err)
	}
	_, err = Open(context.Background(), filepath.Join(dir, "soar.db"), Options{Busy: 50 * time.Millisecond})
	if !errors.Is(err, soar.ErrBusy) || !strings.Contains(err.Error(), "lock of the folder") {
		t.Errorf("error: %v", err)
	}
}
