package integration_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	integration "example.org/imap-integration"
	"example.org/imap-integration/manifest"
)

func TestManifestIsRight(t *testing.T) {
	if err := manifest.New(integration.Files).Check(); err != nil {
		t.Error(err)
	}
}

// resourceFields are the fields of the contract in its order: id, label, type,
// default; a star marks the required ones.
const resourceFields = `
imap_server* | IMAP Server | text |
port | Port | number | 993
connection_security | Connection Security | list | ssl_tls
auth_method | Authentication | list | password
username* | Username | text |
password | Password | password |
oauth2_client_id | OAuth 2.0 Client ID | text |
oauth2_client_secret | OAuth 2.0 Client Secret | password |
oauth2_tenant | OAuth 2.0 Tenant | text |
oauth2_refresh_token | OAuth 2.0 Refresh Token | password |
oauth2_access_token | OAuth 2.0 Access Token | password |
oauth2_token_url | OAuth 2.0 Token URL | text |
oauth2_scope | OAuth 2.0 Scope | text |
google_service_account_key | Google Service Account Key (JSON) | password |
mailbox_account | Mailbox Account | text |
folder | Folder | text | INBOX
timeout | Connection Timeout (s) | number | 180
allow_untrusted_certificates | Allow untrusted certificates | checkbox | false
ca_certificate | CA certificate (PEM) | textarea |
client_certificate | Client certificate (PEM) | textarea |
client_key | Client key (PEM) | password |
tls_compatibility | Allow old TLS | checkbox | false
cloud_soar_api_url* | Cloud SOAR API URL | text |
access_id | Access ID | text |
access_key | Access Key | password |
jwt_token | Cloud SOAR User JWT Token | password |
cloud_soar_requests_per_second | API requests per second | number | 4
cloud_soar_concurrent_requests | API requests at once | number | 10
cloud_soar_routes | API routes | textarea |
cloud_soar_email_store | Email store | text |
email_store_access_id | Email store access ID | text |
email_store_access_key | Email store access key | password |
email_fetch_type | Email Fetch Type (Daemon) | list | unseen
from | From | text |
to | To | text |
subject | Subject | text |
text_body | Text Body | text |
header | Header | text |
header_field | Header Field Name To Search in Header | list |
not_from | Not From | text |
not_to | Not To | text |
not_subject | Not Subject | text |
not_text_body | Not Text Body | text |
not_header | Not Header | text |
not_header_field | Header Field Name To Search in Not Header | list |
search_mode | Where filters are evaluated | list | auto
mark_as_seen | Mark imported mail as read | checkbox | true
after_import | After import | list | none
after_import_target | Keyword or folder | text |
max_messages | Most mails per run | number | 200
max_message_size | Largest mail to import whole (MiB) | number | 50
`

func TestResourceFieldsAreTheContracts(t *testing.T) {
	var lines []string
	for _, f := range resource(t).Configuration.DataAttributes {
		star := map[bool]string{true: "*"}[*f.Required]
		lines = append(lines, strings.TrimSpace(strings.Join([]string{f.ID + star, f.Label, f.Type, f.Default}, " | ")))
	}
	if diff := cmp.Diff(strings.Split(strings.TrimSpace(resourceFields), "\n"), lines); diff != "" {
		t.Error(diff)
	}
}

func TestListKeysAreTheContracts(t *testing.T) {
	want := map[string][]string{
		"connection_security": {"ssl_tls", "starttls", "none"},
		"auth_method":         {"password", "oauth2_client_credentials", "oauth2_refresh_token", "oauth2_access_token", "google_service_account", "client_certificate"},
		"email_fetch_type":    {"unseen", "from_latest"},
		"search_mode":         {"auto", "server", "local"},
		"after_import":        {"none", "flag", "keyword", "move"},
	}
	for _, f := range resource(t).Configuration.DataAttributes {
		switch keys := f.Values.Keys(); {
		case strings.HasSuffix(f.ID, "header_field"):
			checkHeaderNames(t, f)
		case want[f.ID] != nil || len(keys) > 0:
			if diff := cmp.Diff(want[f.ID], keys); diff != "" {
				t.Errorf("%s: %s", f.ID, diff)
			}
		}
	}
}

// checkHeaderNames wants the usual names, each with itself as its label.
func checkHeaderNames(t *testing.T, f manifest.Field) {
	t.Helper()
	if len(f.Values) < 25 {
		t.Errorf("%s offers %d names, fewer than 25", f.ID, len(f.Values))
	}
	seen := map[string]bool{}
	for _, c := range f.Values {
		if c.Key != c.Label || seen[strings.ToLower(c.Key)] || strings.ContainsAny(c.Key, " :") {
			t.Errorf("%s: %q with the label %q", f.ID, c.Key, c.Label)
		}
		seen[strings.ToLower(c.Key)] = true
	}
	for _, usual := range []string{"reply-to", "return-path", "received", "message-id", "authentication-results", "list-id"} {
		if !seen[usual] {
			t.Errorf("%s lacks %s", f.ID, usual)
		}
	}
}

// daemonKeys are the keys of the daemon's object (contract, section 3).
var daemonKeys = strings.Fields(`cloud_soar_mail_id status message_id in_reply_to references mailbox_account folder uid_validity uid
	received_at date from from_name sender reply_to return_path to cc bcc subject body_text body_html body_truncated headers
	attachments attachment_names size sha256 flags problems checkpoint`)

func TestDaemonHasAPathForEachKey(t *testing.T) {
	action, err := manifest.New(integration.Files).Action("incoming-mail-daemon")
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, o := range action.Output {
		paths = append(paths, o.Path)
	}
	for _, key := range daemonKeys {
		if !slices.Contains(paths, "[]."+key) {
			t.Errorf("no output path for %s", key)
		}
	}
	for _, key := range strings.Fields("filename content_type size md5 sha1 sha256 inline content_id part") {
		if !slices.Contains(paths, "[].attachments.[]."+key) {
			t.Errorf("no output path for %s of the attachments", key)
		}
	}
}

func resource(t *testing.T) *manifest.Integration {
	t.Helper()
	i, err := manifest.New(integration.Files).Integration()
	if err != nil {
		t.Fatal(err)
	}
	return i
}
