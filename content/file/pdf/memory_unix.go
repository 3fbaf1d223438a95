//go:build unix

package pdf

import "golang.org/x/sys/unix"

// reserve maps memory that costs nothing until it is touched. Where the system
// has none to map, it is the program's own.
func reserve(size int) (data []byte, free func()) {
	data, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return make([]byte, size), nil
	}
	return data, func() { _ = unix.Munmap(data) }
}
