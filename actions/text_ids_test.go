package actions

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"example.org/imap-integration/soar/foreigntest"
)

// TestTextIDs names emails by UUIDs on a tenant whose profile says that its ids are texts.
func TestTextIDs(t *testing.T) {
	const uuid = "6f1c2a9e-0b0d-4c55-9d7e-2f8a3c1b7e10"
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.Method != http.MethodGet || !strings.HasSuffix(r.URL.Path, "messages.php/"+uuid) {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		fmt.Fprintf(w, `{"mail":{"no":%q,"subject":"by its UUID","mailbox_account":"soc@corp.example","folder":"INBOX","key":"k"}}`, uuid)
	}))
	t.Cleanup(api.Close)
	profile := foreigntest.APIs()[1].Profile
	params := func(id string, more map[string]any) string {
		p := map[string]any{"cloud_soar_api_url": api.URL, "access_id": "id", "access_key": "Canary", "cloud_soar_routes": profile, "cloud_soar_mail_id": id, "timeout": 5}
		maps.Copy(p, more)
		text, _ := json.Marshal(p)
		return string(text)
	}
	result, err := runAction(t, "get-email", params(uuid+", "+uuid, nil))
	if err != nil {
		t.Fatal(err)
	}
	text, _ := json.Marshal(result)
	if !strings.Contains(string(text), "by its UUID") || !strings.Contains(string(text), `"cloud_soar_mail_id":"`+uuid+`"`) || strings.Count(string(text), "by its UUID") != 1 {
		t.Errorf("%s", text)
	}
	for name, c := range map[string]struct{ params, says string }{
		"unknown":           {params("0e0e", nil), "0e0e"},
		"not an id":         {params("a/b", nil), "letters, digits and - . _ ~ only"},
		"the usual profile": {params(uuid, map[string]any{"cloud_soar_routes": nil}), "digits only"},
	} {
		if _, err := runAction(t, "get-email", c.params); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
