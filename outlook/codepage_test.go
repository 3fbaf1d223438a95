package outlook

import (
	"fmt"
	"testing"
)

// localePages are the ANSI code pages that Windows has for its locales ([MS-LCID] and the table of
// National Language Support); 0 is that of Western Europe, which is what is taken anyway.
var localePages = []struct {
	language string
	locale   int
	page     int
}{
	{"Arabic (Saudi Arabia)", 0x0401, 1256},
	{"Arabic (Egypt)", 0x0C01, 1256},
	{"Persian", 0x0429, 1256},
	{"Urdu", 0x0420, 1256},
	{"Bulgarian", 0x0402, 1251},
	{"Russian", 0x0419, 1251},
	{"Ukrainian", 0x0422, 1251},
	{"Belarusian", 0x0423, 1251},
	{"Macedonian", 0x042F, 1251},
	{"Kazakh", 0x043F, 1251},
	{"Kyrgyz", 0x0440, 1251},
	{"Tatar", 0x0444, 1251},
	{"Mongolian", 0x0450, 1251},
	{"Tajik", 0x0428, 1251},
	{"Bashkir", 0x046D, 1251},
	{"Croatian", 0x041A, 1250},
	{"Serbian in Latin", 0x081A, 1250},
	{"Serbian in Cyrillic", 0x0C1A, 1251},
	{"Bosnian in Latin", 0x141A, 1250},
	{"Bosnian in Cyrillic", 0x201A, 1251},
	{"Azerbaijani in Latin", 0x042C, 1254},
	{"Azerbaijani in Cyrillic", 0x082C, 1251},
	{"Uzbek in Latin", 0x0443, 1254},
	{"Uzbek in Cyrillic", 0x0843, 1251},
	{"Czech", 0x0405, 1250},
	{"Hungarian", 0x040E, 1250},
	{"Polish", 0x0415, 1250},
	{"Romanian", 0x0418, 1250},
	{"Slovak", 0x041B, 1250},
	{"Albanian", 0x041C, 1250},
	{"Slovenian", 0x0424, 1250},
	{"Chinese (Taiwan)", 0x0404, 950},
	{"Chinese (Hong Kong)", 0x0C04, 950},
	{"Chinese (Macao)", 0x1404, 950},
	{"Chinese (China)", 0x0804, 936},
	{"Chinese (Singapore)", 0x1004, 936},
	{"Chinese (Taiwan) with a sort order", 0x00030404, 950},
	{"Greek", 0x0408, 1253},
	{"Hebrew", 0x040D, 1255},
	{"Japanese", 0x0411, 932},
	{"Korean", 0x0412, 949},
	{"Thai", 0x041E, 874},
	{"Turkish", 0x041F, 1254},
	{"Estonian", 0x0425, 1257},
	{"Latvian", 0x0426, 1257},
	{"Lithuanian", 0x0427, 1257},
	{"Vietnamese", 0x042A, 1258},
	{"English", 0x0409, 0},
	{"German", 0x0407, 0},
	{"none", 0, 0},
}

func TestLocales(t *testing.T) {
	for _, l := range localePages {
		if got := codePageOfLocale(l.locale); got != l.page {
			t.Errorf("%s (%#04x): %d, want %d", l.language, l.locale, got, l.page)
		}
	}
}

// TestRTFCharsets holds what two bytes are in a font of each \fcharset (RTF 1.9.1, "Font Table"), as iconv reads them.
func TestRTFCharsets(t *testing.T) {
	for charset, c := range map[int]struct{ bytes, want string }{
		0: {"e4f6", "äö"}, 77: {"8a9a", "äö"}, 128: {"93fa", "日"}, 129: {"b0a1", "가"}, 130: {"8861", "가"}, 134: {"b0a1", "啊"}, 136: {"a440", "一"},
		161: {"e1e2", "αβ"}, 162: {"fefd", "şı"}, 163: {"d5f5", "Ơơ"}, 177: {"e0e1", "אב"}, 178: {"c7c8", "اب"}, 186: {"e0e8", "ąč"}, 204: {"e0e1", "аб"},
		222: {"a1a2", "กข"}, 238: {"e8ec", "čě"}, 99: {"e4f6", "äö"},
	} {
		rtf := fmt.Sprintf(`{\rtf1\ansi\ansicpg1252{\fonttbl{\f0 A;}{\f1\fcharset%d B;}}\f1\'%s\'%s}`, charset, c.bytes[:2], c.bytes[2:])
		if got, _, problem := rtfContent([]byte(rtf)); got != c.want || problem != nil {
			t.Errorf("\\fcharset%d: %q, problem %v; want %q", charset, got, problem, c.want)
		}
	}
}
