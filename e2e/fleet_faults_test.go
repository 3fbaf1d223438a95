//go:build unix

package e2e_test

import (
	"math/rand/v2"
	"syscall"
	"time"
)

// rage kills a node every now and then, and does one other fault after the other
// meanwhile. Of each kind at least one happens.
func (s *storm) rage() {
	over := make(chan struct{})
	s.done.Go(func() {
		random := rand.New(rand.NewPCG(*stormSeed, 1))
		for {
			select {
			case <-over:
				return
			case <-time.After(*stormEvery):
				s.note("kills")
				s.signal(s.nodes[random.IntN(len(s.nodes))], syscall.SIGKILL)
			}
		}
	})
	faults := []func(){s.stop, s.restartDatabase, s.restartServer, s.cutDatabase, s.cutServer, s.muteDatabase}
	end := time.Now().Add(*stormTime)
	for i := 0; time.Now().Before(end) || i < len(faults); i++ {
		which := i
		if i >= len(faults) {
			which = s.random.IntN(len(faults))
		}
		for range 1 + s.random.IntN(3) {
			s.deliver(s.random.IntN(len(s.users)))
		}
		faults[which]()
		time.Sleep(*stormEvery)
	}
	close(over)
}

func (s *storm) any() *node { return s.nodes[s.random.IntN(len(s.nodes))] }

// note counts a fault.
func (s *storm) note(kind string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.did[kind]++
}

// stop lets a node stand still for longer than its leases last, and then go on as if nothing had been.
func (s *storm) stop() {
	s.note("stops")
	n := s.any()
	s.signal(n, syscall.SIGSTOP)
	s.done.Go(func() {
		time.Sleep(*stormStop)
		s.signal(n, syscall.SIGCONT)
	})
}

// cutDatabase resets the connections to the database, and for a while each new one in
// the middle of what is said.
func (s *storm) cutDatabase() {
	s.note("cuts of PostgreSQL")
	s.wire.CutAfter(1 + s.random.IntN(20_000))
	s.wire.Cut()
	time.Sleep(*stormEvery)
	s.wire.CutAfter(0)
}

// cutServer does so with the mail server.
func (s *storm) cutServer() {
	s.note("cuts of Dovecot")
	before := s.mail.Cuts()
	s.mail.CutAfter(1 + s.random.IntN(3000)) // a pass that finds nothing is 5 KB
	s.mail.Cut()
	s.await("a pass to be cut", func() bool { return s.mail.Cuts() > before })
	time.Sleep(*stormEvery)
	s.mail.CutAfter(0)
}

// muteDatabase lets nothing pass for longer than a lease lasts.
func (s *storm) muteDatabase() {
	s.note("silences of PostgreSQL")
	s.wire.Mute()
	time.Sleep(*stormLease + *stormEvery)
	s.wire.Speak()
}

func (s *storm) restartDatabase() {
	s.note("restarts of PostgreSQL")
	s.database.Stop()
	time.Sleep(*stormEvery / 2)
	if err := s.database.Restart(); err != nil {
		s.t.Fatal(err)
	}
}

func (s *storm) restartServer() {
	s.note("restarts of Dovecot")
	s.dovecot.Kill()
	time.Sleep(*stormEvery / 4)
	s.dovecot.Restart()
}

// watchCommits has the database note which epoch moved each checkpoint, and log each
// commit that it refused because its epoch or version is of the past.
const watchCommits = `CREATE TABLE commits (n bigint GENERATED ALWAYS AS IDENTITY, name text, epoch bigint, version bigint);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	IF new.version <> old.version THEN INSERT INTO commits (name, epoch, version) VALUES (new.name, new.epoch, new.version); END IF; RETURN new; END $$;
CREATE TRIGGER note AFTER UPDATE ON mailboxes FOR EACH ROW EXECUTE FUNCTION note();
CREATE FUNCTION refused() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	IF NOT EXISTS (SELECT FROM changed) AND current_query() LIKE '%version = version + 1%' THEN RAISE LOG '` + refusal + `'; END IF; RETURN NULL; END $$;
CREATE TRIGGER refused AFTER UPDATE ON mailboxes REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION refused();`

// refusal is what the database logs then.
const refusal = "a stale holder was refused"

// stale counts commits of an epoch behind those of a later one, and versions that came twice.
const stale = `SELECT (SELECT count(*) FROM commits a JOIN commits b ON a.name = b.name AND a.version < b.version AND a.epoch > b.epoch),
	(SELECT count(*) - count(DISTINCT (name, version)) FROM commits)`
