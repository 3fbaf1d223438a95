package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"
)

// jsonFault says why a text is not JSON and where: line and column, counted from
// one in characters, as editors do. Of the line only the name of its member is
// shown, for what stands behind the name may be a password. The decoder's own
// words show one character at most.
func (d *decoder) jsonFault(data []byte, err error) string {
	if err == nil {
		return "it is something else"
	}
	var whole any
	syntax, ok := errors.AsType[*json.SyntaxError](json.Unmarshal(data, &whole))
	switch {
	case ok && int(syntax.Offset) < len(data), ok && !ending(err):
		return syntax.Error() + d.place(data, max(0, int(syntax.Offset)-1)) + advice(data, int(syntax.Offset)-1)
	case ending(err):
		return "it ends too early" + d.place(data, len(bytes.TrimRight(data, spaces)))
	}
	return err.Error()
}

func ending(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }

// memberName is the name at the start of a line, with or without its opening brace.
// It is compiled when a person needs it: most runs never do.
var memberName = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[{,\s]*"([a-z0-9_]{1,64})"\s*:`)
})

// place names line and column of an offset and the parameter on that line.
func (d *decoder) place(data []byte, offset int) string {
	before := data[:min(offset, len(data))]
	line, start := 1+bytes.Count(before, []byte("\n")), bytes.LastIndexByte(before, '\n')+1
	where := fmt.Sprintf(" at line %d, column %d", line, 1+utf8.RuneCount(before[start:]))
	if m := memberName().FindSubmatch(data[start:]); m != nil && d.knows(string(m[1])) {
		where += fmt.Sprintf(` (the line of "%s")`, m[1])
	}
	return where
}

// advice is for the slips that a person makes most.
func advice(data []byte, offset int) string {
	if offset <= 0 || offset >= len(data) {
		return ""
	}
	before := bytes.TrimRight(data[:offset], spaces)
	switch c := data[offset]; {
	case strings.IndexByte("}]", c) >= 0 && bytes.HasSuffix(before, []byte(",")):
		return "; take away the comma before it"
	case c == '"' && len(before) > 0 && strings.IndexByte("{[,:", before[len(before)-1]) < 0:
		return "; a comma is missing before it, or a quote inside a text is not written as \\\""
	case c == '\'':
		return "; JSON takes double quotes"
	}
	return ""
}

func (d *decoder) knows(name string) bool {
	for i := range d.v.fields {
		if d.v.fields[i].ID == name {
			return true
		}
	}
	return false
}
