package file

import (
	"slices"
	"strings"
	"unicode"

	"example.org/imap-integration/quote"
)

// Bounds of what is taken for passwords of one email's texts, subjects or names.
const (
	maxPasswords    = 400
	longestPassword = 64       // bytes
	maxPasswordText = 64 << 10 // bytes of each text
)

// passwordWords announce one, in the languages of most phish. They are compared in lower case.
var passwordWords = []string{
	"password", "passwort", "kennwort", "passwd", "passcode", "passphrase", "pass", "pwd", "pw", "code", "pin", "key", "contraseña", "clave", "senha", "mot de passe", "passe", "parola",
	"wachtwoord", "hasło", "haslo", "heslo", "jelszó", "lösenord", "adgangskode", "passord", "salasana", "şifre", "parolă", "пароль", "пароля", "парола", "κωδικός", "סיסמה", "密码", "密碼", "パスワード", "비밀번호", "암호",
}

// Passwords returns the words of texts as candidates, each once: without the
// punctuation around them, and as they stand. A key of some archives takes so long that
// only some forty can be tried: so those go first that stand behind a word for
// password, then those that look like one, with digits or capitals inside.
func Passwords(from string, texts ...string) []Password {
	ranked := [3][]string{}
	for _, text := range texts {
		text, _ = quote.Cut(text, maxPasswordText)
		near := 0 // words that may still be the one announced
		for _, word := range strings.Fields(text) {
			announced, rest := announces(word)
			if announced {
				near = 4
			}
			rank := 2
			switch {
			case near > 0 && (!announced || rest != "") && strings.TrimFunc(word, unicode.IsPunct) != "":
				near--
				rank = 0
			case looksLikePassword(word):
				rank = 1
			}
			if rest != "" {
				word = rest
			}
			ranked[rank] = append(ranked[rank], strings.TrimFunc(word, unicode.IsPunct), word)
		}
	}
	var out []Password
	seen := map[string]bool{}
	for _, w := range slices.Concat(ranked[:]...) {
		if w != "" && len(w) <= longestPassword && !seen[w] && len(out) < maxPasswords {
			seen[w] = true
			out = append(out, Password{Text: w, From: from})
		}
	}
	return out
}

// announces reports whether a word is one for password, and what stands behind it
// without a space: "Password:1234" and 密码：1234.
func announces(word string) (yes bool, rest string) {
	lower := strings.ToLower(strings.TrimLeftFunc(word, unicode.IsPunct))
	for _, p := range passwordWords {
		after, ok := strings.CutPrefix(lower, p)
		if !ok {
			continue
		}
		behind := strings.TrimLeft(after, ":=：＝")
		if len(behind) < len(after) || strings.TrimFunc(after, unicode.IsPunct) == "" {
			return true, word[max(0, len(word)-len(behind)):] // a small letter may be longer than its capital
		}
	}
	return false, ""
}

// looksLikePassword reports whether a word has a digit beside a letter, or a capital behind a small letter.
func looksLikePassword(word string) bool {
	digit, letter, small, inner := false, false, false, false
	for _, r := range word {
		digit = digit || unicode.IsDigit(r)
		letter = letter || unicode.IsLetter(r)
		inner = inner || small && unicode.IsUpper(r)
		small = small || unicode.IsLower(r)
	}
	return digit && letter || inner || digit && len(word) >= 4
}
