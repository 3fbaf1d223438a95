package soar

import (
	"strconv"

	"example.org/imap-integration/message"
	"example.org/imap-integration/quote"
)

// AppendJSON appends the email as a JSON object: what encoding/json makes of it
// without HTML escapes, several times faster. A bulk run encodes the texts of
// every email twice, and would spend a sixth of its time there.
func (m *Mail) AppendJSON(b []byte) []byte {
	texts := func(key, value string) {
		b = append(b, key...)
		b = quote.AppendJSON(b, value)
	}
	texts(`{"message_id":`, m.MessageID)
	texts(`,"in_reply_to":`, m.InReplyTo)
	texts(`,"references":`, m.References)
	texts(`,"mailbox_account":`, m.MailboxAccount)
	texts(`,"folder":`, m.Folder)
	b = strconv.AppendUint(append(b, `,"uid_validity":`...), uint64(m.UIDValidity), 10)
	b = strconv.AppendUint(append(b, `,"uid":`...), uint64(m.UID), 10)
	texts(`,"received_at":`, m.ReceivedAt)
	texts(`,"date":`, m.Date)
	texts(`,"from":`, m.From)
	texts(`,"from_name":`, m.FromName)
	texts(`,"sender":`, m.Sender)
	texts(`,"reply_to":`, m.ReplyTo)
	texts(`,"return_path":`, m.ReturnPath)
	texts(`,"to":`, m.To)
	texts(`,"cc":`, m.Cc)
	texts(`,"bcc":`, m.Bcc)
	texts(`,"subject":`, m.Subject)
	texts(`,"body_text":`, m.BodyText)
	texts(`,"body_html":`, m.BodyHTML)
	b = strconv.AppendBool(append(b, `,"body_truncated":`...), m.BodyTruncated)
	b = m.Headers.appendJSON(append(b, `,"headers":`...))
	b = appendList(append(b, `,"attachments":`...), m.Attachments, appendAttachment)
	texts(`,"attachment_names":`, m.AttachmentNames)
	b = strconv.AppendInt(append(b, `,"size":`...), m.Size, 10)
	texts(`,"sha256":`, m.SHA256)
	texts(`,"flags":`, m.Flags)
	b = appendList(append(b, `,"problems":`...), m.Problems, appendProblem)
	return append(b, '}')
}

// AppendJSON appends the metadata as a JSON object, likewise.
func (m *Metadata) AppendJSON(b []byte) []byte {
	b = m.Mail.AppendJSON(b)
	b = append(b[:len(b)-1], `,"source_key":`...)
	return append(quote.AppendJSON(b, m.SourceKey), '}')
}

// appendJSON writes the object in the order of the email.
func (h Headers) appendJSON(b []byte) []byte {
	b = append(b, '{')
	for i, f := range h {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(quote.AppendJSON(b, f.Name), ':')
		b = appendList(b, f.Values, appendText)
	}
	return append(b, '}')
}

func appendList[T any](b []byte, list []T, one func([]byte, *T) []byte) []byte {
	b = append(b, '[')
	for i := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = one(b, &list[i])
	}
	return append(b, ']')
}

func appendText(b []byte, s *string) []byte { return quote.AppendJSON(b, *s) }

func appendProblem(b []byte, p *message.Problem) []byte {
	b = quote.AppendJSON(append(b, `{"code":`...), p.Code)
	b = quote.AppendJSON(append(b, `,"detail":`...), p.Detail)
	return append(b, '}')
}

func appendAttachment(b []byte, a *message.Attachment) []byte {
	b = quote.AppendJSON(append(b, `{"filename":`...), a.Filename)
	b = quote.AppendJSON(append(b, `,"content_type":`...), a.ContentType)
	b = strconv.AppendInt(append(b, `,"size":`...), a.Size, 10)
	b = quote.AppendJSON(append(b, `,"md5":`...), a.MD5)
	b = quote.AppendJSON(append(b, `,"sha1":`...), a.SHA1)
	b = quote.AppendJSON(append(b, `,"sha256":`...), a.SHA256)
	b = strconv.AppendBool(append(b, `,"inline":`...), a.Inline)
	b = quote.AppendJSON(append(b, `,"content_id":`...), a.ContentID)
	b = quote.AppendJSON(append(b, `,"part":`...), a.Part)
	return append(b, '}')
}
