package mailboxtest

import (
	"os/exec"
	"syscall"
)

// inGroup gives a command a process group of its own, and has it end with the thread that starts it.
func inGroup(c *exec.Cmd) {
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// killGroup ends a command that was started in a group, and all that it started.
func killGroup(c *exec.Cmd) { _ = syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }
