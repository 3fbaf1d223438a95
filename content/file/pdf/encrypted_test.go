package pdf

import (
	"bytes"
	"strings"
	"testing"

	"example.org/imap-integration/content/file/held"
)

// TestReferred holds where the dictionary of a value is found: the last object of its number.
func TestReferred(t *testing.T) {
	for data, want := range map[string]string{
		"<</Encrypt<</A 1>>>>":                                       "<</A 1>>",
		"7 0 obj<</A 1>>endobj /Encrypt 7 0 R":                       "<</A 1>>",
		"7 0 obj <</A 1>> 7 0 obj\n<</B 2>>endobj/Encrypt\r\n7 0\nR": "<</B 2>>",
		"17 0 obj<</A 1>>endobj 7 1 obj<</B 1>>/Encrypt 7 0 R":       "",
		"7 0 obj% a comment\n<</A 1>>endobj /Encrypt 7 0 R":          "<</A 1>>",
		"/Encrypt 99999 0 R":                                         "",
		"/Encrypt 7 0":                                               "none",
		"/Encrypt (7 0 R)":                                           "none",
		"/Encrypt":                                                   "none",
	} {
		value := data[nextName([]byte(data), 0, "Encrypt"):]
		at := referred([]byte(data), []byte(value))
		got := "none"
		if at >= 0 {
			got, _, _ = strings.Cut(data[at:], ">>")
			if got != "" {
				got += ">>"
			}
		}
		if got != want {
			t.Errorf("%q: %q, want %q", data, got, want)
		}
	}
}

// TestDictionaries holds how entries are told from each other, and where they stand.
func TestDictionaries(t *testing.T) {
	for dict, want := range map[string]string{
		"<</Filter/Standard/V 5/R 6>>":                    "Filter=/Standard V=5 R=6 ",
		"<</O(a\\)b(c))/U<41 42>/P -4>>":                  "O=(a\\)b(c)) U=<41 42> P=-4 ",
		"<</CF<</StdCF<</CFM/AESV3>>>>/StmF/StdCF/R 6 >>": "CF=<</StdCF<</CFM/AESV3>>>> StmF=/StdCF R=6 ",
		"<< /A [1 2 ] /B true% words\n/C 7 0 R>>":         "A=[1 2 ] B=true C=7 0 R ",
		"<</A(never ends":                                 "A=(never ends ",
		"<</A<</B<</C<</D<</E<</F 1>>>>>>>>>>>>":          "A= ", // too deep
		"no dictionary":                                   "",
		"<<1 2>>":                                         "",
	} {
		var got strings.Builder
		eachEntry([]byte(dict), 0, func(key string, from int, value []byte) {
			if !bytes.HasPrefix([]byte(dict)[from:], value) {
				t.Errorf("%q: %s does not stand at %d", dict, key, from)
			}
			n := max(0, min(len(value), valueLength(value, 0)))
			text, _, _ := strings.Cut(string(value[:n]), "%")
			got.WriteString(key + "=" + strings.TrimSpace(text) + " ")
		})
		if got.String() != want {
			t.Errorf("%q: %q, want %q", dict, got.String(), want)
		}
	}
}

// FuzzLocks holds that no file makes the look at its encryption fail, and that a copy with
// another lock differs from the file in nothing but that.
func FuzzLocks(f *testing.F) {
	f.Add([]byte("7 0 obj<</Filter/Standard/V 5/R 6/O<" + strings.Repeat("41", 48) + ">/U(" + strings.Repeat("b", 48) + ")/OE(x)/UE(" + strings.Repeat("c", 32) + ")>>endobj trailer<</Encrypt 7 0 R/ID[<41>(b)]>>"))
	f.Add([]byte("<</Encrypt<</Filter/Standard/R 3/Length 128/P -4/O(" + strings.Repeat("b", 32) + ")/U(" + strings.Repeat("b", 32) + ")>>>>"))
	f.Add([]byte("/#45ncrypt 1 0 R 1 0 obj<</"))
	f.Fuzz(func(t *testing.T, data []byte) {
		b := held.NewBudget()
		passwords := []held.Password{{Text: "a"}, {Text: strings.Repeat("b", 200)}}
		if len(locks(data)) > maxCandidates {
			t.Error("too many locks")
		}
		before := bytes.Clone(data)
		opened, _ := unlock(data, passwords, b)
		if !bytes.Equal(data, before) || len(opened) != len(data) {
			t.Error("the file was changed")
		}
		var c held.Content
		Check(&c, data, passwords, b)
		for _, l := range locks(data) {
			if !l.readable() || l.revision < 5 {
				continue
			}
			copied := data
			if l.eased(data, &copied, "a") && !bytes.Equal(data, before) {
				t.Error("the file was changed, not its copy")
			}
		}
	})
}
