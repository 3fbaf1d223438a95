package outlook

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"example.org/imap-integration/message"
)

// pageTexts are texts and the code pages that they are in, as a .msg names them; to add a page, add its number.
var pageTexts = map[string][]int{
	"Příliš žluťoučký kůň úpěl ďábelské ódy":              {1250, 852, 65001},
	"Счёт на оплату прилагается, перейдите по ссылке":     {1251, 866, 20866, 65001},
	"Ваше съобщение е получено":                           {855},
	"Grüße aus Köln, à bientôt, ¿mañana?":                 {1252, 850, 28591, 437},
	"Καλημέρα κόσμε, το τιμολόγιο":                        {1253, 737, 869},
	"Ödeme bildirimi için tıklayınız, şifre":              {1254, 857},
	"שלום, החשבונית מצורפת":                               {1255, 862},
	"مرحبا، الفاتورة مرفقة":                               {1256},
	"Sąskaita faktūra pridėta, spauskite čia":             {1257, 775},
	"ใบแจ้งหนี้ของคุณ":                                    {874},
	"請求書です。こちらをクリックしてください":                                {932},
	"您的发票已附上，请点击链接":                                       {936},
	"송장이 첨부되었습니다":                                         {949},
	"您的發票已附上，請點擊連結":                                       {950},
	"Meddelelse på dansk: æ, ø, å, þ og ð":                {1252, 861, 65001},
	"A fatura está anexada, não é spam":                   {860, 1252},
	"Your invoice is attached, please pay":                {20127, 1252, 932, 1251},
	"Hóa đơn của bạn (no combining letters), ½ Ð € ß î â": {65001},
}

// TestCodePagesAsMsgconvertLong holds that the body of a .msg in these code pages is the text
// that iconv encoded, and that Perl's Email::Outlook::Message (msgconvert) reads the same.
func TestCodePagesAsMsgconvertLong(t *testing.T) {
	for _, tool := range []string{"msgconvert", "iconv"} {
		if _, err := exec.LookPath(tool); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatalf("%s is missing (Debian: libemail-outlook-message-perl, libc-bin), and in CI nothing may be", tool)
			}
			t.Skipf("%s is not installed (Debian: libemail-outlook-message-perl, libc-bin)", tool)
		}
	}
	dir, files := t.TempDir(), 0
	for text, pages := range pageTexts {
		for _, page := range pages {
			names := map[int]string{20866: "KOI8-R", 28591: "ISO-8859-1", 20127: "ASCII", 65001: "UTF-8"}
			name := names[page]
			if name == "" {
				name = "CP" + strconv.Itoa(page)
			}
			encode := exec.Command("iconv", "-f", "UTF-8", "-t", name)
			encode.Stdin = strings.NewReader(text)
			encoded, err := encode.Output()
			if err != nil {
				t.Errorf("iconv to %s of %q: %v", name, text, err)
				continue
			}
			raw := writeMSG(&testMSG{props: []testProp{{propSubject, "s"}, {propBody, ansi(encoded)}, {propInternetCodePage, page}}})
			o := ReadMSG(raw, message.DefaultLimits())
			if o.BodyText != text || len(o.Problems) > 0 {
				t.Errorf("code page %d: %q, problems %v; written was %q", page, o.BodyText, o.Problems, text)
			}
			if page == 65001 { // this judge encodes UTF-8 twice
				continue
			}
			files++
			path := filepath.Join(dir, "m.msg")
			if err := os.WriteFile(path, raw, 0o600); err != nil {
				t.Fatal(err)
			}
			judge := exec.Command("perl", "-MEmail::Outlook::Message", "-e", "print Email::Outlook::Message->new($ARGV[0])->to_email_mime->as_string", path)
			eml, err := judge.Output()
			if err != nil {
				t.Fatalf("Email::Outlook::Message: %v", err)
			}
			if judged := strings.TrimSpace(message.Parse(eml, message.DefaultLimits()).BodyText()); judged != strings.TrimSpace(o.BodyText) {
				t.Errorf("code page %d: %q; Email::Outlook::Message reads %q", page, o.BodyText, judged)
			}
		}
	}
	if files < 20 {
		t.Errorf("only %d files", files)
	}
}
