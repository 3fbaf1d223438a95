package file

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// passwordWords announce one, in the languages of most phish. They are compared in lower case.
var passwordWords = []string{
	"password", "passwort", "kennwort", "passwd", "passcode", "passphrase", "pass", "pwd", "pw", "p/w", "pswd", "psw", "code", "pin", "key", "contraseña", "clave", "senha", "passe", "mdp", "parola",
	"wachtwoord", "hasło", "haslo", "hasłem", "heslo", "jelszó", "jelszava", "lösenord", "adgangskode", "passord", "salasana", "şifre", "şİfre", "parolă", "lozinka", "slaptažodis", "пароль", "пароля", "паролем", "парола", "лозинка", "κωδικός", "κωδικος", "סיסמה", "سر", "السر", "المرور", "khẩu", "sandi", "पासवर्ड",
}

// unspacedWords announce one wherever they stand, in the scripts that part their words by nothing.
var unspacedWords = []string{"密码", "密碼", "口令", "提取码", "提取碼", "解压码", "解壓碼", "パスワード", "パス", "暗号", "비밀번호", "패스워드", "암호", "รหัสผ่าน", "รหัส", "🔑", "🔐"}

// particles stand behind one of unspacedWords.
const particles = "はがを是为為는은이가คือ"

// announces reports whether a word is or holds one for password, and what stands behind
// it without a space: "Password:1234", "pass/1234" and "附件密码：8888".
func announces(word string) (yes bool, rest string) {
	lower := strings.Map(lowerSameLength, word)
	for _, p := range passwordWords {
		for from := 0; ; {
			i := strings.Index(lower[from:], p)
			if i < 0 {
				break
			}
			at := from + i
			from = at + len(p)
			if parted(lower[:at], lower[from:], len(p)) {
				return true, strings.TrimLeftFunc(word[from:], separator)
			}
		}
	}
	if isASCII(word) {
		return false, ""
	}
	for _, p := range unspacedWords {
		if i := strings.Index(lower, p); i >= 0 {
			rest := strings.TrimLeftFunc(word[i+len(p):], separator)
			return true, strings.TrimLeftFunc(strings.TrimLeft(rest, particles), separator)
		}
	}
	return false, ""
}

// parted reports whether a word for password is one of its own, or the end of a long
// one: Zugangspasswort.
func parted(before, behind string, length int) bool {
	r, _ := utf8.DecodeRuneInString(behind)
	if behind != "" && (unicode.IsLetter(r) && !unspaced(r) || unicode.IsDigit(r)) {
		return false
	}
	r, _ = utf8.DecodeLastRuneInString(before)
	return before == "" || length >= 8 || !unicode.IsLetter(r) && !unicode.IsDigit(r) || unspaced(r)
}

// separator reports whether a character parts the word from the password; others may be the beginning of it.
func separator(r rune) bool {
	return strings.ContainsRune(":=：＝/|\\-–—―~>→⇒»＞.,;、，。·)）]】」』", r) || unicode.IsSpace(r)
}

// lowerSameLength is the small letter, where it has as many bytes.
func lowerSameLength(r rune) rune {
	if small := unicode.ToLower(r); utf8.RuneLen(small) == utf8.RuneLen(r) {
		return small
	}
	return r
}
