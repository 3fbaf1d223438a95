package mailboxtest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"strings"
)

// cyrus lays Cyrus out and returns its command. Run by root it takes nobody's rights.
func (s *Server) cyrus() (*exec.Cmd, error) {
	owner := "nobody"
	if os.Getuid() != 0 {
		me, err := user.Current()
		if err != nil {
			return nil, err
		}
		owner = me.Username
	}
	host, err := os.Hostname()
	if err != nil {
		return nil, err
	}
	err = errors.Join(
		s.fill("imapd.conf", strings.ReplaceAll(cyrusConf, "OWNER", owner)), s.fill("cyrus.conf", cyrusServices),
		os.Mkdir(s.path("conf"), 0o755), os.Mkdir(s.path("spool"), 0o755), os.Mkdir(s.path("run"), 0o755),
	)
	for i := 0; i < serverUsers && err == nil; i++ {
		add := exec.Command(s.bin("usr/sbin/saslpasswd2"), "-p", "-c", "-f", s.path("sasldb2"), "-u", host, fmt.Sprintf("user%02d", i))
		add.Env, add.Stdin = s.libraries(), strings.NewReader(serverPassword)
		_, err = add.Output()
	}
	if err != nil {
		return nil, err
	}
	if os.Getuid() == 0 {
		for _, name := range []string{"", "sasldb2", "conf", "spool", "run"} {
			if err := os.Chown(s.path(name), nobody, nobody); err != nil {
				return nil, err
			}
		}
	}
	return exec.Command(s.bin("usr/lib/cyrus/bin/master"), "-C", s.path("imapd.conf"), "-M", s.path("cyrus.conf"), "-p", s.path("run/master.pid"), "-D"), nil
}

const cyrusConf = `
configdirectory: DIR/conf
partition-default: DIR/spool
defaultpartition: default
cyrus_user: OWNER
allowplaintext: yes
sasl_pwcheck_method: auxprop
sasl_auxprop_plugin: sasldb
sasl_sasldb_path: DIR/sasldb2
sasl_mech_list: PLAIN LOGIN
unixhierarchysep: yes
altnamespace: yes
idlesocket: DIR/run/idle
lmtpsocket: DIR/run/lmtp
notifysocket: DIR/run/notify
master_pid_file: DIR/run/master.pid
proc_path: DIR/conf/proc
mboxname_lockpath: DIR/conf/lock
autocreate_quota: 0
imapidlepoll: 1
`

const cyrusServices = `
START {
  recover cmd="ROOT/usr/lib/cyrus/bin/ctl_cyrusdb -C DIR/imapd.conf -r"
  idled cmd="ROOT/usr/lib/cyrus/bin/idled -C DIR/imapd.conf"
}
SERVICES {
  imap cmd="ROOT/usr/lib/cyrus/bin/imapd -C DIR/imapd.conf" listen="127.0.0.1:PORT" prefork=1
}
EVENTS {
}
`

// courier lays Courier out and returns its command. The folders of its configuration and
// its socket are fixed, so it runs in a mount namespace where these are its own.
func (s *Server) courier() (*exec.Cmd, error) {
	var users strings.Builder
	for i := range serverUsers {
		fmt.Fprintf(&users, "user%02d ", i)
	}
	script := strings.NewReplacer("USERS", users.String(), "PASSWORD", serverPassword, "NOBODY", fmt.Sprint(nobody)).Replace(courierScript)
	if err := s.fill("start", script); err != nil {
		return nil, err
	}
	return exec.Command("unshare", "--mount", "sh", s.path("start")), os.Chmod(s.dir, 0o755)
}

const courierScript = `
set -e
cd DIR
mkdir -p etc/courier run/courier/authdaemon home
cp -a /etc/passwd /etc/group /etc/nsswitch.conf /etc/hosts etc/
mount --bind DIR/etc /etc
mount --bind DIR/run /run
printf '%s\n' 'authmodulelist="authuserdb"' 'authmodulelistorig="authuserdb"' daemons=2 authdaemonvar=/run/courier/authdaemon DEBUG_LOGIN=0 'DEFAULTOPTIONS=""' 'LOGGEROPTS=""' >etc/courier/authdaemonrc
hash=$(printf 'PASSWORD\nPASSWORD\n' | ROOT/usr/sbin/userdbpw -md5 2>/dev/null | head -1)
for u in USERS; do
  mkdir home/$u
  ROOT/usr/bin/maildirmake.courier home/$u/Maildir
  printf '%s\tuid=NOBODY|gid=NOBODY|home=%s|mail=%s|_=\n' $u DIR/home/$u DIR/home/$u/Maildir >>plain
  printf '%s\timappw=%s\n' $u "$hash" >>shadow
done
chown -R NOBODY:NOBODY home
{ cat plain; echo .; } | ROOT/usr/lib/courier/courier-authlib/makedatprog - tmp1 etc/courier/userdb.dat
{ cat shadow; echo .; } | ROOT/usr/lib/courier/courier-authlib/makedatprog - tmp2 etc/courier/userdbshadow.dat
chmod 600 etc/courier/userdbshadow.dat
ROOT/usr/lib/courier/courier-authlib/authdaemond &
while [ ! -S run/courier/authdaemon/socket ]; do sleep 0.1; done
export IMAP_CAPABILITY='IMAP4rev1 UIDPLUS CHILDREN NAMESPACE SORT QUOTA IDLE AUTH=PLAIN'
export IMAPDEBUGFILE= IMAP_TRASHFOLDERNAME=Trash IMAP_EMPTYTRASH= IMAP_IDLE_TIMEOUT=60 IMAP_MAILBOX_SANITY_CHECK=1 IMAP_USELOCKS=0 IMAP_ENHANCEDIDLE=0
export IMAP_OBSOLETE_CLIENT=0 IMAP_CHECK_ALL_FOLDERS=0 IMAP_UMASK=022 IMAP_DISABLETHREADSORT=0 SENDMAIL=/bin/false TCPDOPTS= MAXDAEMONS=20
exec ROOT/usr/sbin/couriertcpd -address=127.0.0.1 -nodnslookup -noidentlookup PORT ROOT/usr/lib/courier/courier/imaplogin ROOT/usr/bin/imapd Maildir
`
