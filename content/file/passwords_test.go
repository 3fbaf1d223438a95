package file_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"example.org/imap-integration/content/file"
)

// TestPasswordsInOrder holds that the password of a text is among the first that are tried:
// a key of 7z takes so long that few can be. To add a text, add a line.
func TestPasswordsInOrder(t *testing.T) {
	for text, first := range map[string]string{
		"Please find the file attached. The password is: 4711.":     "4711",
		"Dear colleagues, open it with the Password \"sword-fish\"": "sword-fish",
		"Bitte beachten Sie: Passwort: Geheim1!":                    "Geheim1",
		"Das Kennwort lautet sommer":                                "sommer",
		"pwd=abc123 and more words":                                 "abc123",
		"Password:infected":                                         "infected",
		"Mot de passe : facture":                                    "facture",
		"La contraseña es lluvia":                                   "es",
		"Пароль: 2024":                                              "2024",
		"附件密码：8888 请查收":                                             "附件密码：8888",
		"解压 密码：8888 请查收":                                            "8888",
		"Your invoice No12345 is due":                               "No12345",
	} {
		got := file.Passwords("text", strings.Repeat("many words in front of it ", 20)+text)
		if i := slices.Index(got, file.Password{Text: first, From: "text"}); i < 0 || i > 5 {
			t.Errorf("%q: %q is number %d of %v", text, first, i, got[:min(len(got), 8)])
		}
	}
}

// TestPasswordsBounded holds that each word comes once, as it stands too, and that there are not too many.
func TestPasswordsBounded(t *testing.T) {
	var words []string
	for i := range 2000 {
		words = append(words, fmt.Sprintf("w%d w%d", i, i))
	}
	all := file.Passwords("text", strings.Join(words, " "), strings.Repeat("x", 70))
	if len(all) != 400 {
		t.Errorf("%d candidates", len(all))
	}
	seen := map[string]bool{}
	for _, p := range all {
		if seen[p.Text] || len(p.Text) > 64 {
			t.Errorf("%q", p.Text)
		}
		seen[p.Text] = true
	}
	both := file.Passwords("subject", "(secret!)")
	if !slices.Equal(both, []file.Password{{Text: "secret", From: "subject"}, {Text: "(secret!)", From: "subject"}}) {
		t.Errorf("%v", both)
	}
}
