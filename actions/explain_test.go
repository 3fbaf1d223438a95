package actions

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"example.org/imap-integration/manifest"
)

func TestExitStatus(t *testing.T) {
	wrong := fmt.Errorf("wrapped: %w", &manifest.ParameterError{Command: "get-email", Problems: []string{"x"}})
	cancelled := fmt.Errorf("cannot log in: %w", context.Canceled)
	for name, c := range map[string]struct {
		err         error
		interrupted bool
		want        int
	}{
		"done":                     {nil, false, 0},
		"done, though interrupted": {nil, true, 0},
		"failed":                   {errors.New("x"), false, 1},
		"cut by the interruption":  {errors.New("use of closed network connection"), true, 130},
		"interrupted":              {cancelled, true, 130},
		"cancelled for a reason":   {cancelled, false, 1},
		"wrong parameters":         {wrong, false, 2},
		"wrong, and interrupted":   {wrong, true, 2},
		"saved and not written":    {fmt.Errorf("%w: EPIPE", ErrNotWritten), true, 1},
	} {
		if got := ExitStatus(c.err, c.interrupted); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

func TestSentence(t *testing.T) {
	for text, want := range map[string]string{
		"a b":                        "a b",
		"two\nlines\r\n and\ta tab ": "two lines and a tab",
		"\x1b[31mred\x07":            `\x1b[31mred\a`,
		"\xff":                       "?",
		"right\u202eleft":            `right\u202eleft`,
	} {
		if got := Sentence(errors.New(text)); got != want {
			t.Errorf("Sentence(%q) = %q, want %q", text, got, want)
		}
	}
	long := Sentence(errors.New(strings.Repeat("ü", sentenceLimit)))
	if len(long) > sentenceLimit+len("…") || !strings.HasSuffix(long, "ü…") {
		t.Errorf("a long one: %d bytes, ends in %q", len(long), long[len(long)-5:])
	}
}

func TestJSON(t *testing.T) {
	var b bytes.Buffer
	if err := JSON(map[string]string{"a": "<b> & \xff"})(&b); err != nil || b.String() != "{\"a\":\"<b> & \\ufffd\"}\n" {
		t.Errorf("%v, %q", err, b.String())
	}
}
