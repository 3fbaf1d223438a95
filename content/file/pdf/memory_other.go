//go:build !unix

package pdf

func reserve(size int) (data []byte, free func()) { return make([]byte, size), nil }
