package content

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"example.org/imap-integration/message"
)

// Attachments lists what is attached to a message, behind each container (message,
// .msg, winmail.dat, signed content, mailbox file) what is inside it, and the
// problems of opening them. A part inside a file has the path of the file, "!", and its own: "2!1.2".
func Attachments(m *message.Message, l message.Limits) ([]message.Attachment, []message.Problem) {
	return listed(newWalk(Options{Limits: l}), m)
}

// ForRecord is [Attachments], whose problems also name what of the files cannot be
// read: archives and documents that no password opens, that are damaged, of a kind that is
// not read, or over a limit. It opens archives; of other files it looks at no more than tells that.
func ForRecord(m *message.Message, l message.Limits) ([]message.Attachment, []message.Problem) {
	w := newWalk(Options{Limits: l, check: true})
	defer w.end()
	list, problems := listed(w, m)
	return list, append(problems, unread(w)...)
}

func listed(w *walk, m *message.Message) ([]message.Attachment, []message.Problem) {
	list := m.Attachments()
	var problems []message.Problem
	for _, inner := range w.parsed(m) {
		problems = append(problems, inner.Problems...)
		if inner.file {
			list = insertBehind(list, inner.place, attachmentsOf(inner))
		}
	}
	return list, problems
}

// unread reads the files of an open email, and gathers what could not be read.
func unread(w *walk) (problems []message.Problem) {
	more := 0
	add := func(of []message.Problem) {
		n := min(len(of), maxNamed-len(problems))
		problems = append(problems, of[:n]...)
		more += len(of) - n
	}
	for _, inner := range slices.Clone(w.found) {
		w.eachFile(inner, func(m *Message, f *File) bool {
			if f == nil {
				add(m.Problems)
			} else {
				add(f.Problems)
			}
			return true
		})
	}
	if more > 0 {
		problems = append(problems, message.Problem{Code: message.CodeLimitProblems, Detail: fmt.Sprintf("%d more problems of files are not listed", more)})
	}
	return problems
}

// insertBehind puts files behind the container that they are in, and what is in that already.
func insertBehind(list []message.Attachment, place string, files []message.Attachment) []message.Attachment {
	if len(files) == 0 {
		return list
	}
	at := -1
	container, _, _ := cutLast(place)
	for i, a := range list {
		if a.Part == place || a.Part == container || strings.HasPrefix(a.Part, place+"!") || strings.HasPrefix(a.Part, place+".") || container != "" && strings.HasPrefix(a.Part, container+"!") {
			at = i
		}
	}
	if at < 0 {
		return append(slices.Clip(list), files...)
	}
	return slices.Insert(slices.Clip(list), at+1, files...)
}

func cutLast(place string) (before, after string, found bool) {
	if i := strings.LastIndexByte(place, '!'); i >= 0 {
		return place[:i], place[i+1:], true
	}
	return "", place, false
}

// attachmentsOf lists what is attached to a message that was read from a file.
func attachmentsOf(m *Message) (list []message.Attachment) {
	if m.Mail != nil {
		for _, a := range m.Mail.Attachments() {
			a.Part = m.mark + a.Part
			list = append(list, a)
		}
		return list
	}
	for i, a := range m.Items.Attachments {
		list = append(list, a.Describe(m.mark+strconv.Itoa(i+1)))
	}
	return list
}

// Bytes returns the content of the attachment at this path, as [Attachments] gives
// it; false where there is none. Do not write to the slice.
func Bytes(m *message.Message, part string) ([]byte, bool) {
	if !strings.Contains(part, "!") {
		return m.Content(part)
	}
	for _, inner := range OpenMail(m, message.DefaultLimits()) {
		relative, inside := strings.CutPrefix(part, inner.mark)
		if !inner.file || !inside || inner.mark == "" || strings.Contains(relative, "!") {
			continue
		}
		if inner.Mail != nil {
			if data, ok := inner.Mail.Content(relative); ok {
				return data, true
			}
			continue
		}
		if i, err := strconv.Atoi(relative); err == nil && i > 0 && i <= len(inner.Items.Attachments) && inner.Items.Attachments[i-1].Embedded == nil {
			return inner.Items.Attachments[i-1].Data, true
		}
	}
	return nil, false
}
