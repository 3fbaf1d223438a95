//go:build !linux

package postgrestest

import (
	"errors"
	"os/exec"
	"syscall"
)

// supported: these tests need Linux; elsewhere they are skipped, but they compile.
const supported = false

func asOrdinaryUser(*exec.Cmd) {}

func endWithParent(*exec.Cmd) {}

func send(int, syscall.Signal, bool) {}

func mount(string, int) (unmount func() error, err error) { return nil, errors.ErrUnsupported }
