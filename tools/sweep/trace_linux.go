package main

import (
	"fmt"
	"os"
	"runtime"
	"syscall"
)

// The fault points are system calls, seen from outside by ptrace(2): the
// program needs no hooks for them, and what is killed is what users run.

// pointName says of which kind the fault point at a system call is; "" is none.
var pointNames = map[uint64]string{
	syscall.SYS_READ: "read", syscall.SYS_WRITE: "write", syscall.SYS_PREAD64: "file read", syscall.SYS_PWRITE64: "store write",
	syscall.SYS_SENDTO: "network write", syscall.SYS_RECVFROM: "network read", syscall.SYS_WRITEV: "write",
	syscall.SYS_FSYNC: "fsync", syscall.SYS_FDATASYNC: "fsync", syscall.SYS_FTRUNCATE: "truncate",
	syscall.SYS_RENAME: "rename", syscall.SYS_RENAMEAT: "rename", syscall.SYS_UNLINK: "unlink", syscall.SYS_UNLINKAT: "unlink",
	syscall.SYS_CONNECT: "connect", syscall.SYS_CLOSE: "close",
}

// traced is a run under ptrace.
type traced struct {
	points int            // fault points passed
	kinds  map[string]int // by kind
	status syscall.WaitStatus
}

const (
	traceSysGood = 0x80
)

// trace runs a program and sends it a signal as it enters the system call of
// fault point `at`; 0 only counts. It must not share its thread with anything else.
func trace(argv []string, files [3]*os.File, env []string, at int, signal syscall.Signal) (*traced, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	pid, err := syscall.ForkExec(argv[0], argv, &syscall.ProcAttr{
		Env: env, Files: []uintptr{files[0].Fd(), files[1].Fd(), files[2].Fd()},
		Sys: &syscall.SysProcAttr{Ptrace: true, Setpgid: true},
	})
	if err != nil {
		return nil, err
	}
	t := &traced{kinds: map[string]int{}}
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(pid, &status, 0, nil); err != nil {
		return nil, err
	}
	const exitKill = 0x100000
	if err := syscall.PtraceSetOptions(pid, syscall.PTRACE_O_TRACECLONE|syscall.PTRACE_O_TRACESYSGOOD|exitKill); err != nil {
		return nil, fmt.Errorf("ptrace: %w", err)
	}
	if err := syscall.PtraceSyscall(pid, 0); err != nil {
		return nil, err
	}
	return t, t.loop(pid, at, signal)
}

func (t *traced) loop(pid, at int, signal syscall.Signal) error {
	inside := map[int]bool{} // threads between the entry and the exit of a system call
	for {
		var status syscall.WaitStatus
		tid, err := syscall.Wait4(-1, &status, syscall.WALL, nil)
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			return fmt.Errorf("wait4: %w", err)
		}
		if status.Exited() || status.Signaled() {
			delete(inside, tid)
			if tid == pid {
				t.status = status
				return nil
			}
			continue
		}
		pass := 0
		switch sig := status.StopSignal(); {
		case sig == syscall.SIGTRAP|traceSysGood:
			if inside[tid] = !inside[tid]; inside[tid] && t.enter(tid) == at && at > 0 {
				syscall.Kill(pid, signal)
			}
		case sig != syscall.SIGTRAP && sig != syscall.SIGSTOP:
			pass = int(sig)
		}
		syscall.PtraceSyscall(tid, pass) // a thread that is gone meanwhile is reported by wait4
	}
}

// enter counts a system call that is a fault point. It returns its number, 0 for others.
func (t *traced) enter(tid int) int {
	var regs syscall.PtraceRegs
	if syscall.PtraceGetRegs(tid, &regs) != nil {
		return 0
	}
	kind := pointNames[regs.Orig_rax]
	if kind == "" {
		return 0
	}
	t.points++
	t.kinds[kind]++
	return t.points
}
