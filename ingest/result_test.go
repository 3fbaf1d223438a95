package ingest

import (
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"testing"

	"example.org/imap-integration/soar"
)

func TestObjectsArePutTogether(t *testing.T) {
	mail := soar.Mail{Subject: `a "b" <c>`, UID: 7, Headers: soar.Headers{{Name: "X", Values: []string{"y"}}}}
	mail.Normalize()
	want := Object{CloudSOARMailID: "42", Status: statusSaved, Mail: mail, Checkpoint: "cp1.abc-_"}
	head, tail := aroundMail(want.CloudSOARMailID, want.Status, want.Checkpoint)
	encoded := mail.AppendJSON(nil)
	data := slices.Concat(head, encoded[1:len(encoded)-1], tail)
	var got Object
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatalf("%v: %s", err, data)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	reference, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var keys [2]map[string]json.RawMessage
	if err := errors.Join(json.Unmarshal(data, &keys[0]), json.Unmarshal(reference, &keys[1])); err != nil {
		t.Fatal(err)
	}
	if len(keys[0]) != len(keys[1]) {
		t.Errorf("%d keys, want %d: %s", len(keys[0]), len(keys[1]), data)
	}
}
