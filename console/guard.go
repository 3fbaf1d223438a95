package console

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"example.org/imap-integration/secret"
)

// Entry says who gets in.
type Entry struct {
	// Host reports whether a Host header names this console. Any other one comes from
	// a page whose name was pointed at this machine (DNS rebinding).
	Host   func(host string) bool
	Secure bool // over TLS
	// Token is what a person types to get in, any number of times; empty: the start
	// URL alone lets one browser in.
	Token secret.String
}

// Attempts at the token that are answered: a person needs two.
const (
	attemptEvery = 2 * time.Second
	attemptBurst = 5
)

// guard lets requests through that carry the session's cookie.
//
// The start URL has a token that counts once: what is left of it in a history or
// a log opens nothing. It becomes a cookie that scripts cannot read and that no
// other site's request carries. The Host header, the origin of every POST and the
// cookie are checked of each request, in this order.
type guard struct {
	entry    Entry
	session  string
	attempts *rate.Limiter

	mu   sync.Mutex
	once string // the token of the start URL; "" when it was used
}

func newGuard(e Entry) *guard {
	return &guard{entry: e, session: rand.Text(), once: rand.Text(), attempts: rate.NewLimiter(rate.Every(attemptEvery), attemptBurst)}
}

func (g *guard) start() string { return "/start?token=" + g.once }

// cookieName has the prefix that binds a cookie to one host where the connection allows it (RFC 6265bis, section 4.1.3.2).
func (g *guard) cookieName() string {
	if g.entry.Secure {
		return "__Host-imap-integration"
	}
	return "imap-integration"
}

// refusal answers a request that does not get in; form asks for the token.
type refusal func(w http.ResponseWriter, status int, sentence string, form bool)

// protect puts the checks in front of a handler.
func (g *guard) protect(next http.Handler, refuse refusal) http.Handler {
	inside := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/start":
			g.enter(w, r, refuse)
		case open(r) || g.signedIn(r):
			next.ServeHTTP(w, r)
		case g.entry.Token.Empty():
			refuse(w, http.StatusForbidden, "Open the start URL that the console printed. It lets one browser in, once; for another one start the console again.", false)
		default:
			refuse(w, http.StatusForbidden, "Give the token that the console was started with.", true)
		}
	})
	origins := http.NewCrossOriginProtection()
	origins.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		refuse(w, http.StatusForbidden, "The request came from a page of another origin.", false)
	}))
	protected := origins.Handler(inside)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !g.entry.Host(r.Host) {
			refuse(w, http.StatusForbidden, "The console has another address; open the one that it printed.", false)
			return
		}
		protected.ServeHTTP(w, r)
	})
}

// open reports whether anybody may see it: what a page that refuses needs to look well.
func open(r *http.Request) bool {
	return r.Method == http.MethodGet && (r.URL.Path == "/icon.png" || strings.HasPrefix(r.URL.Path, "/static/"))
}

func (g *guard) signedIn(r *http.Request) bool {
	c, err := r.Cookie(g.cookieName())
	return err == nil && same(c.Value, g.session)
}

// enter takes the token of the start URL, or the one that a person types.
func (g *guard) enter(w http.ResponseWriter, r *http.Request, refuse refusal) {
	form := !g.entry.Token.Empty()
	if !g.attempts.Allow() {
		w.Header().Set("Retry-After", "10")
		refuse(w, http.StatusTooManyRequests, "There were too many attempts; wait ten seconds.", form)
		return
	}
	if !g.admits(r) {
		refuse(w, http.StatusForbidden, "The token is wrong, or the start URL was used already: it lets one browser in, once.", form)
		return
	}
	http.SetCookie(w, &http.Cookie{
		Name: g.cookieName(), Value: g.session, Path: "/", HttpOnly: true, Secure: g.entry.Secure, SameSite: http.SameSiteStrictMode,
	})
	// A redirect would be a part of the navigation that brought somebody here, from
	// a chat say, and would lack the cookie; a page of ours that goes on does not.
	w.Header().Set("Refresh", "0; url=/")
	refuse(w, http.StatusOK, "You are signed in.", false)
}

func (g *guard) admits(r *http.Request) bool {
	if r.Method == http.MethodPost {
		given := strings.TrimSpace(r.PostFormValue("token"))
		return !g.entry.Token.Empty() && same(given, g.entry.Token.Reveal())
	}
	given := r.URL.Query().Get("token")
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.once == "" || !same(given, g.once) {
		return false
	}
	g.once = ""
	return true
}

// same compares in a time that tells nothing, not even of the length.
func same(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}
