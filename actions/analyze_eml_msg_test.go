package actions

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	integration "example.org/imap-integration"
	"example.org/imap-integration/analysis"
	"example.org/imap-integration/manifest"
	"example.org/imap-integration/message"
	"example.org/imap-integration/soar"
	"example.org/imap-integration/soar/local"
)

// runAnalyze runs the action with these parameters.
func runAnalyze(t *testing.T, p map[string]any) (*analysis.Report, error) {
	t.Helper()
	object, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	out, err := analyzeEMLMSG(context.Background(), testEnv(), parameters(t, "analyze-eml-msg", string(object)))
	if err != nil {
		return nil, err
	}
	return out.(*analysis.Report), nil
}

func outlookSample(t *testing.T, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("../testdata/outlook", name))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestAnalyzeGiven(t *testing.T) {
	msg, eml := outlookSample(t, "sample.msg"), outlookSample(t, "report.eml")
	encoded := base64.StdEncoding.EncodeToString(eml)
	for name, p := range map[string]map[string]any{
		"eml":           {"eml": encoded},
		"eml in lines":  {"eml": " " + encoded[:50] + "\r\n\t" + encoded[50:] + "\n"},
		"eml unpadded":  {"eml": strings.TrimRight(encoded, "=")},
		"msg":           {"msg": base64.StdEncoding.EncodeToString(msg)},
		"topics":        {"eml": encoded, "analyze": "urls, attachments"},
		"array":         {"eml": encoded, "analyze": []string{"all"}},
		"damaged msg":   {"msg": base64.StdEncoding.EncodeToString(msg[:600])},
		"eight bytes":   {"msg": base64.StdEncoding.EncodeToString(msg[:8])},
		"other actions": {"eml": encoded, "imap_server": "imap.example.org", "max_messages": 3},
	} {
		r, err := runAnalyze(t, p)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if damaged := name == "damaged msg" || name == "eight bytes"; (len(r.Problems) > 0) != damaged || r.Count != len(r.Messages) || r.Count == 0 {
			t.Errorf("%s: %d messages, problems %v", name, r.Count, r.Problems)
		}
	}
}

func TestAnalyzeParameters(t *testing.T) {
	for _, tc := range []struct {
		p    map[string]any
		want string
	}{
		{map[string]any{}, "cloud_soar_mail_id is missing: give one of cloud_soar_mail_id, eml, msg"},
		{map[string]any{"eml": "aGFsbG8=", "msg": "aGFsbG8="}, "msg is one too many"},
		{map[string]any{"eml": "From: x"}, "eml must be base64"},
		{map[string]any{"eml": "a"}, "eml must be base64"},
		{map[string]any{"eml": "===="}, "eml holds nothing"},
		{map[string]any{"msg": "!"}, "msg must be base64"},
		{map[string]any{"msg": "aGFsbG8="}, "msg must be an Outlook .msg file"},
		{map[string]any{"msg": "0M8R4KGxGg=="}, "msg must be an Outlook .msg file"},
		{map[string]any{"eml": base64.StdEncoding.EncodeToString(contentSample(t, "phish.msg"))}, "eml holds an Outlook .msg file: give it as msg"},
		{map[string]any{"eml": strings.Repeat("AAAA", 1<<20), "max_message_size": 1}, "eml holds 3145728 bytes, more than the 1 MiB of max_message_size"},
		{map[string]any{"eml": "aGFsbG8=", "analyze": "urls, everything"}, `analyze must hold only headers, addresses, urls, domains, ips, hashes, attachments, authentication, all, not "everything"`},
		{map[string]any{"eml": "aGFsbG8=", "analyze": " , "}, "analyze"},
		{map[string]any{"eml": "aGFsbG8=", "dkim_keys": "s1=v"}, "dkim_keys line 1 must be"},
		{map[string]any{"eml": "!", "analyze": "x"}, "eml must be base64"},
		{map[string]any{"cloud_soar_mail_id": "x"}, "cloud_soar_mail_id must be an id"},
		{map[string]any{"cloud_soar_mail_id": "1"}, "cloud_soar_api_url is missing"},
	} {
		_, err := runAnalyze(t, tc.p)
		var wrong *manifest.ParameterError
		if !errors.As(err, &wrong) || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%.80v: %v, want %s", tc.p, err, tc.want)
		}
	}
}

// storeWith makes a local store that holds these emails; nil: a record without content.
func storeWith(t *testing.T, emails ...[]byte) (url string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "soar.db")
	s, err := local.Open(context.Background(), path, local.Options{Log: testEnv().Log})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for i, raw := range emails {
		d := &soar.Draft{Raw: raw}
		d.SourceKey = strings.Repeat(string(rune('a'+i)), 64)
		d.Subject, d.Folder, d.MailboxAccount, d.UID = "stored", "INBOX", "soc@example.org", message.UID(i+1)
		d.Normalize()
		d.Headers = soar.Headers{{Name: "Subject", Values: []string{"stored"}}}
		if _, err := s.Save(context.Background(), []*soar.Draft{d}); err != nil {
			t.Fatal(err)
		}
	}
	return localScheme + path
}

func TestAnalyzeStored(t *testing.T) {
	url := storeWith(t, outlookSample(t, "report.eml"), nil, outlookSample(t, "report-msg.eml"))
	r, err := runAnalyze(t, map[string]any{"cloud_soar_mail_id": "1, 2,3", "cloud_soar_api_url": url})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range r.Messages {
		got = append(got, m.CloudSOARMailID+":"+m.Path+":"+m.Kind+":"+m.Folder)
	}
	if want := []string{"1::eml:INBOX", "1:2:eml:", "2::eml:INBOX", "3::eml:INBOX", "3:2:msg:"}; !slices.Equal(got, want) {
		t.Errorf("messages %q, want %q", got, want)
	}
	if len(r.Problems) != 1 || r.Problems[0].Code != "no_content" || r.Problems[0].CloudSOARMailID != "2" {
		t.Errorf("problems %v", r.Problems)
	}
	if r.Messages[2].Subject != "stored" {
		t.Errorf("subject %q", r.Messages[2].Subject)
	}
}

func TestAnalyzeUnknown(t *testing.T) {
	url := storeWith(t, outlookSample(t, "report.eml"))
	_, err := runAnalyze(t, map[string]any{"cloud_soar_mail_id": "1,77", "cloud_soar_api_url": url})
	if !errors.Is(err, soar.ErrNotFound) || !strings.Contains(err.Error(), "77") {
		t.Errorf("%v", err)
	}
	big := append(outlookSample(t, "bounce.eml"), make([]byte, 2<<20)...)
	url = storeWith(t, big)
	if _, err = runAnalyze(t, map[string]any{"cloud_soar_mail_id": 1, "cloud_soar_api_url": url, "max_message_size": 1}); err == nil {
		t.Error("a mail over max_message_size was analyzed")
	}
}

// TestAnalyzeManifest holds the file to what the program puts out and takes.
func TestAnalyzeManifest(t *testing.T) {
	action, err := manifest.New(integration.Files).Action("analyze-eml-msg")
	if err != nil {
		t.Fatal(err)
	}
	var listed []string
	for _, o := range action.Output {
		listed = append(listed, o.Path)
	}
	var want []string
	outputPaths(reflect.TypeFor[analysis.Report](), "", &want)
	slices.Sort(listed)
	slices.Sort(want)
	if !slices.Equal(listed, want) {
		t.Errorf("output paths %q, want %q", listed, want)
	}
	for _, f := range action.Fields {
		if f.ID != "analyze" {
			continue
		}
		keys := f.Values.Keys()
		slices.Sort(keys)
		topics := slices.Clone(analysis.Topics)
		slices.Sort(topics)
		if !slices.Equal(keys, topics) {
			t.Errorf("keys of analyze %q, want %q", keys, topics)
		}
	}
}

// outputPaths lists the paths of a type's JSON in the platform's path language.
func outputPaths(typ reflect.Type, at string, into *[]string) {
	if typ.Kind() == reflect.Slice {
		if typ.Elem().Kind() == reflect.Struct && typ != reflect.TypeFor[soar.Headers]() {
			outputPaths(typ.Elem(), at+".[]", into)
		}
		return
	}
	if typ.Kind() != reflect.Struct {
		return
	}
	for i := range typ.NumField() {
		f := typ.Field(i)
		if f.Anonymous {
			outputPaths(f.Type, at, into)
			continue
		}
		path := strings.TrimPrefix(at+"."+f.Tag.Get("json"), ".")
		*into = append(*into, path)
		outputPaths(f.Type, path, into)
	}
}
