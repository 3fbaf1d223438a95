package fleet

import (
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"sync"
)

// fresh is something that is made of files, secrets mostly, and made anew when their
// content changes. Modification times are not asked: tools that distribute secrets set them at will.
type fresh[T any] struct {
	files []string
	build func() (T, error)

	mu    sync.Mutex
	built bool
	stamp [sha256.Size]byte // of the files that value was made of
	value T
}

// current is the value of the files as they are now. renewed: it was made anew, not for the first time.
func (f *fresh[T]) current() (value T, renewed bool, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	stamp := stampOf(f.files)
	if f.built && stamp == f.stamp {
		return f.value, false, nil
	}
	value, err = f.build()
	if err != nil {
		return value, false, err
	}
	renewed = f.built
	f.value, f.stamp, f.built = value, stamp, true
	return value, renewed, nil
}

// mostStamped bounds what is read of one file for its stamp, bytes; certificates of authorities may be long.
const mostStamped = 4 << 20

// stampOf changes with the content of files. A file that cannot be read is a content of its own.
func stampOf(files []string) [sha256.Size]byte {
	all := sha256.New()
	for _, path := range files {
		fmt.Fprintf(all, "%q", path)
		file, err := os.Open(path)
		if err != nil {
			continue
		}
		n, err := io.Copy(all, io.LimitReader(file, mostStamped))
		_ = file.Close()
		fmt.Fprintf(all, "%d %t", n, err == nil)
	}
	return [sha256.Size]byte(all.Sum(nil))
}
