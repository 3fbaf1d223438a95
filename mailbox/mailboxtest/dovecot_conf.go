package mailboxtest

// dovecotConf needs no system users but those of the Debian package, writes
// nothing outside its folder, and does not slow failed logins down.
const dovecotConf = `
protocols = imap
listen = 127.0.0.1
instance_name = mailboxtest
base_dir = DIR/run
state_dir = DIR/run
log_path = DIR/log
mail_location = maildir:~/Maildir
mail_home = DIR/mail/%u
mail_uid = MAIL_UID
mail_gid = MAIL_GID
first_valid_uid = 1
mail_fsync = never
mail_max_userip_connections = 100
auth_mechanisms = plain login
auth_failure_delay = 0 secs
disable_plaintext_auth = no
ssl = yes
ssl_cert = <DIR/cert.pem
ssl_key = <DIR/key.pem
ssl_min_protocol = TLSv1.2
default_process_limit = 250
namespace inbox {
  inbox = yes
  separator = /
  mailbox Unwanted {
    special_use = \Junk
  }
}
passdb {
  driver = passwd-file
  args = DIR/users
}
userdb {
  driver = passwd-file
  args = DIR/users
}
service imap-login {
  service_count = 0
  process_min_avail = 1
  inet_listener imap {
    address = 127.0.0.1
    port = PLAIN_PORT
  }
  inet_listener imaps {
    address = 127.0.0.1
    port = TLS_PORT
    ssl = yes
  }
}
service imap {
  service_count = 1
  process_min_avail = 1
}
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service stats {
  unix_listener stats-writer {
    mode = 0666
  }
}
`

const dovecotRootless = `
default_internal_user = USER
default_internal_group = GROUP
default_login_user = USER
service anvil {
  chroot =
}
service imap-login {
  chroot =
}
`
