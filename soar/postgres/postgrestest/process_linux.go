package postgrestest

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

// supported says whether PostgreSQL can be had on this system.
const supported = true

// asOrdinaryUser gives a command a process group of its own, and not the rights of root.
func asOrdinaryUser(c *exec.Cmd) {
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if os.Getuid() == 0 {
		c.SysProcAttr.Credential = &syscall.Credential{Uid: nobody, Gid: nobody}
	}
}

// endWithParent has a command end with the thread that started it.
func endWithParent(c *exec.Cmd) { c.SysProcAttr.Pdeathsig = syscall.SIGQUIT }

// send signals a process, or its group.
func send(pid int, sig syscall.Signal, group bool) {
	if group {
		pid = -pid
	}
	_ = syscall.Kill(pid, sig)
}

// mount mounts a file system of so many bytes that belongs to who runs PostgreSQL.
// unmount may come while files are open there.
func mount(dir string, bytes int) (unmount func() error, err error) {
	options := fmt.Sprintf("size=%d,mode=700,uid=%d,gid=%d", bytes, nobody, nobody)
	err = syscall.Mount("tmpfs", dir, "tmpfs", 0, options)
	return func() error { return syscall.Unmount(dir, syscall.MNT_DETACH) }, err
}
