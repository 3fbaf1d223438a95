package file

import (
	"bytes"
	"encoding/binary"
	"strings"

	"example.org/imap-integration/indicators"
	"example.org/imap-integration/message"
)

// Flags of a shortcut (MS-SHLLINK, section 2.1.1).
const (
	lnkIDList = 1 << iota
	lnkInfo
	lnkName
	lnkRelativePath
	lnkWorkingDir
	lnkArguments
	lnkIcon
	lnkUnicode
)

var lnkStrings = []struct {
	flag  uint32
	where string
}{{lnkName, "name"}, {lnkRelativePath, "relative path"}, {lnkWorkingDir, "working directory"}, {lnkArguments, "arguments"}, {lnkIcon, "icon"}}

// readShortcut reads a shortcut of Windows: its target and the command line.
func readShortcut(c *Content, data []byte) {
	const header = 76
	if len(data) < header {
		c.Add(message.CodeFileDamaged, "the shortcut ends in its header")
		return
	}
	flags, rest := binary.LittleEndian.Uint32(data[20:]), data[header:]
	ok := true
	if flags&lnkIDList != 0 {
		var list []byte
		if list, rest, ok = sized(rest, 2, 1, 0); ok {
			addText(c, "item list", printable(list))
		}
	}
	if ok && flags&lnkInfo != 0 {
		var info []byte
		if info, rest, ok = sized(rest, 4, 1, 4); ok {
			addText(c, "target", printable(info))
		}
	}
	for _, s := range lnkStrings {
		if !ok || flags&s.flag == 0 {
			continue
		}
		var raw []byte
		if flags&lnkUnicode != 0 {
			raw, rest, ok = sized(rest, 2, 2, 0)
			addText(c, s.where, message.UTF16(raw, binary.LittleEndian))
		} else {
			raw, rest, ok = sized(rest, 2, 1, 0)
			text, _ := message.DecodeCharset(raw, "windows-1252")
			addText(c, s.where, text)
		}
	}
	if !ok {
		c.Add(message.CodeFileDamaged, "the shortcut ends too early")
	}
	addText(c, "extra", printable(rest))
	for _, t := range c.Texts {
		for u := range indicators.URLs(t.Body) {
			c.AddLink(Link{URL: u, Where: t.Where, Clickable: t.Where != "icon"})
		}
	}
}

// sized cuts off a piece with its length in front, in units, which may count itself.
func sized(data []byte, width, unit, counted int) (piece, rest []byte, ok bool) {
	if len(data) < width {
		return nil, nil, false
	}
	n := int(binary.LittleEndian.Uint16(data))
	if width == 4 {
		n = int(binary.LittleEndian.Uint32(data))
	}
	n = n*unit - counted
	if data = data[width:]; n < 0 || n > len(data) {
		return nil, nil, false
	}
	return data[:n], data[n:], true
}

// printable returns the runs of at least four characters in bytes, of ASCII and of UTF-16.
func printable(data []byte) string {
	var out []string
	for _, b := range [][]byte{data, bytes.ReplaceAll(data, []byte{0}, nil)} {
		for _, run := range bytes.FieldsFunc(b, func(r rune) bool { return r < ' ' || r > '~' }) {
			if len(run) >= 4 && (len(out) == 0 || out[len(out)-1] != string(run)) {
				out = append(out, string(run))
			}
		}
	}
	return strings.Join(out, "\n")
}
