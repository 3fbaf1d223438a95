package manifest_test

import (
	"sync"
	"testing"
	"testing/fstest"

	"example.org/imap-integration/manifest"
)

// A small manifest with a field of each kind.
const (
	resourceYAML = `name: "Test"
version: "1.0"
icon: data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==
script:
  type: bash
  test_connection_code: |
    exec imap-integration test-settings < /dev/null
docker_repo_tag: "test:1.0"
configuration:
  testable_connection: true
  require_proxy_config: true
  data_attributes:
    host:
      label: "Host"
      type: text
      required: true
      validator: host
    port:
      label: "Port"
      type: number
      required: false
      default: "993"
    security:
      label: "Security"
      type: list
      required: false
      default: "tls"
      values:
        "tls": "TLS"
        "on": "On"
    password:
      label: "Password"
      type: password
      required: false
    trust:
      label: "Trust"
      type: checkbox
      required: false
      default: "false"
    subject:
      label: "Subject"
      type: text
      required: false
  listing_attributes:
    host:
      name: "Host"
`
	actionYAML = `integration: "Test"
name: "Get"
type: Enrichment
script:
  code: |
    exec imap-integration get < /dev/null
fields:
  - id: mail_id
    label: "Mail"
    type: text
    required: true
    observables: email
  - id: text
    label: "Text"
    type: textarea
    required: false
output:
  - path: emails
    type: text
  - path: "emails.[].subject"
    type: text
table_view:
  - display_name: "Subject"
    value: "emails.[].subject"
`
)

// files returns the small manifest.
func files() fstest.MapFS {
	return fstest.MapFS{
		"integration.yaml": {Data: []byte(resourceYAML)},
		"actions/get.yaml": {Data: []byte(actionYAML)},
	}
}

// getFields are the parameters of the action get.
var getFields = sync.OnceValues(func() ([]manifest.Field, error) { return manifest.New(files()).Parameters("get") })

// decode reads parameters of the action get.
func decode(t testing.TB, in manifest.Input) *manifest.Values {
	t.Helper()
	fields, err := getFields()
	if err != nil {
		t.Fatal(err)
	}
	return manifest.Decode("get", fields, in)
}
