package file_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"example.org/imap-integration/content/file"
)

func in(from string, texts ...string) file.Source { return file.Source{From: from, Texts: texts} }

// TestPasswordsInOrder holds that the password of a text is among the first that are tried:
// a key of 7z takes so long that few can be. To add a text, add a line.
func TestPasswordsInOrder(t *testing.T) {
	for text, want := range map[string]string{
		"Please find the file attached. The password is: 4711.":     "4711",
		"Dear colleagues, open it with the Password \"sword-fish\"": "sword-fish",
		"Bitte beachten Sie: Passwort: Geheim1!":                    "Geheim1!",
		"Das Kennwort lautet sommer":                                "sommer",
		"Zugangspasswort: sommer":                                   "sommer",
		"pwd=abc123 and more words":                                 "abc123",
		"Password:infected":                                         "infected",
		"Mot de passe : facture":                                    "facture",
		"La contraseña es lluvia":                                   "lluvia",
		"Пароль: 2024":                                              "2024",
		"пароль к архиву осень":                                     "осень",
		"附件密码：8888 请查收":                                             "8888",
		"解压 密码：8888 请查收":                                            "8888",
		"Your invoice No12345 is due":                               "No12345",
		// scripts without spaces
		"密码：abc123": "abc123",
		"请查收附件，密码为abc123，谢谢":       "abc123",
		"密码：请查收":                   "请查收",
		"パスワードは1234です":             "1234",
		"添付ファイルのパスワードは「himitsu」です": "himitsu",
		"비밀번호는 1234입니다":            "1234",
		"รหัสผ่านคือ1234":          "1234",
		// full width
		"パスワード：１２３４です":      "１２３４",
		"パスワードは１２３４です。":     "1234",
		"ｐａｓｓｗｏｒｄ：ｉｎｆｅｃｔｅｄ": "infected",
		"Password: Ｓｅｃｒｅｔ９": "Ｓｅｃｒｅｔ９",
		// marks
		"pass/sommer":                     "sommer",
		"The password —sommer— fits":      "sommer",
		"password ->sommer":               "sommer",
		"password -> sommer":              "sommer",
		"pw=sommer; thanks":               "sommer",
		"(password=sommer)":               "sommer",
		"Password|sommer|":                "sommer",
		"password=>\"sommer\"":            "sommer",
		"Password: <sommer>":              "sommer",
		"Password: $ommer+":               "$ommer+",
		"Password: 'Sommer 2024 ist'":     "Sommer 2024 ist",
		"Password: my dear Watson":        "my dear Watson",
		"Password:\r\n\r\nsommer":         "sommer",
		"🔑 sommer":                        "sommer",
		"[PW: sommer]":                    "sommer",
		"Пароль от архива: осень":         "осень",
		"password for the file is sommer": "sommer",
		"使用密码abc123打开":                    "abc123",
		"解凍パスワード：sommer":                  "sommer",
		// invisible characters
		"Password: som\u200bmer":              "sommer",
		"Password: \u2060sommer\ufeff":        "sommer",
		"pass\u00adword:sommer":               "sommer",
		"Password: so\u200bmmer":              "so\u200bmmer",
		"Use \u200bsommer9\u200b to open it.": "sommer9",
		// spaced out
		"The password is i n f e c t e d today": "infected",
		"Password: 1 2 3 4":                     "1234",
		"Password: s-o-m-m-e-r":                 "sommer",
		"Password: 1.2.3.4":                     "1234",
	} {
		got := file.Passwords(in("text", strings.Repeat("many words in front of it ", 20)+text))
		if i := slices.Index(got, file.Password{Text: want, From: "text"}); i < 0 || i > 9 {
			t.Errorf("%q: %q is number %d of %v", text, want, i, got[:min(len(got), 12)])
		}
	}
}

// TestPasswordsBounded holds that each word comes once, as it stands too, that there are not too
// many, and that those of all sources that stand at the word for it come before what is well known.
func TestPasswordsBounded(t *testing.T) {
	var words []string
	for i := range 2000 {
		words = append(words, fmt.Sprintf("w%d w%d", i, i))
	}
	all := file.Passwords(in("text", strings.Join(words, " "), strings.Repeat("x", 70)))
	known := 0
	seen := map[string]bool{}
	for _, p := range all {
		if seen[p.Text] || len(p.Text) > 64 {
			t.Errorf("%q", p.Text)
		}
		if seen[p.Text] = true; p.From == file.WellKnown {
			known++
		}
	}
	if len(all)-known != 400 || known < 10 {
		t.Errorf("%d candidates, %d of them well known", len(all), known)
	}
	both := file.Passwords(in("text", "(some words)"), in("subject", "password: (secret!)"))
	if !slices.Equal(both[:2], []file.Password{{Text: "secret", From: "subject"}, {Text: "secret!", From: "subject"}}) {
		t.Errorf("%v", both)
	}
	at := func(text string) int {
		return slices.IndexFunc(both, func(p file.Password) bool { return p.Text == text })
	}
	if !(at("(secret!)") < at("infected") && at("infected") < at("some") && at("some") < at("(some")) {
		t.Errorf("%v", both)
	}
}
