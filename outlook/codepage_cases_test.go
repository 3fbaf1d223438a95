package outlook

import "testing"

// TestCodePageBytes reads a few bytes in each code page that Outlook names (the identifiers of Windows), as
// iconv reads them. To add one, add a line.
func TestCodePageBytes(t *testing.T) {
	for number, c := range map[int]struct{ data, want string }{
		437:   {"\x81", "ü"},
		850:   {"\x9b", "ø"},
		866:   {"\x8f\xe0", "Пр"},
		874:   {"\xa1\xa2", "กข"},
		932:   {"\x93\xfa", "日"},
		936:   {"\xb0\xa1", "啊"},
		949:   {"\xb0\xa1", "가"},
		950:   {"\xa4\x40", "一"},
		1200:  {"a\x00\xe4\x00", "aä"},
		1201:  {"\x00a\x00\xe4", "aä"},
		1250:  {"\xe8\xec", "čě"},
		1251:  {"\xcf\xf0", "Пр"},
		1252:  {"\xe4\x80", "ä€"},
		1253:  {"\xe1\xe2", "αβ"},
		1254:  {"\xfe\xfd", "şı"},
		1255:  {"\xe0\xe1", "אב"},
		1256:  {"\xc7\xc8", "اب"},
		1257:  {"\xe0\xe8", "ąč"},
		10000: {"\x8a", "ä"},
		10007: {"\x8f\xf0", "Пр"},
		20127: {"abc", "abc"},
		20866: {"\xf0\xd2", "Пр"},
		20936: {"\xb0\xa1", "啊"},
		21866: {"\xf0\xa4", "Пє"},
		28591: {"\xe4", "ä"},
		28592: {"\xe8\xec", "čě"},
		28595: {"\xbf\xe0", "Пр"},
		28605: {"\xa4", "€"},
		38598: {"\xe0\xe1", "אב"},
		50220: {"\x1b$BF|\x1b(B", "日"},
		51932: {"\xc6\xfc", "日"},
		51949: {"\xb0\xa1", "가"},
		52936: {"~{0!~}", "啊"},
		54936: {"\xb0\xa1", "啊"},
		65000: {"a+AOQ-", "aä"},
		65001: {"\xc3\xa4", "ä"},
	} {
		if got, ok := decodeCodePage([]byte(c.data), number); got != c.want || !ok {
			t.Errorf("%d: %q, %v; want %q", number, got, ok, c.want)
		}
	}
	if got, _ := decodeCodePage([]byte("\x93\xfa"), 50220); got != "日" {
		t.Errorf("Shift JIS under the name of ISO-2022-JP: %q", got)
	}
}

// TestPlausible tells texts from what becomes of them in a wrong code page.
func TestPlausible(t *testing.T) {
	for text, want := range map[string]bool{
		"":                     true,
		"Hello":                true,
		"Grüße aus Köln":       true,
		"Příliš žluťoučký kůň": true,
		"Проверьте счёт":       true,
		"Ελέγξτε τον":          true,
		"日本語のメール":              true,
		"한국어 메일":               true,
		"Счёт for Ann":         true,
		"Ïðîâåðüòå ñ÷¸ò":       false, // Cyrillic in 1252
		"Åëåãîôå":              false, // Greek in 1252
		"Grь\u00dfe":           false, // German in 1251
		"a\uFFFDb":             false,
		"a\u0081b":             false,
		"\uE000":               false,
	} {
		if got := plausible(text); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}
