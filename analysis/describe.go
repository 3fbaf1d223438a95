package analysis

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"

	"example.org/imap-integration/message"
	"example.org/imap-integration/outlook"
	"example.org/imap-integration/soar"
)

// describe gives the daemon's keys for a message of any kind.
func describe(m *Message) soar.Mail {
	var mail soar.Mail
	if m.Mail != nil {
		mail = soar.Describe(m.Mail)
		mail.Attachments = slices.Clone(mail.Attachments)
		for i := range mail.Attachments {
			mail.Attachments[i].Part = m.Part(mail.Attachments[i].Part)
		}
	} else {
		mail = describeOutlook(m.Items, m.Path)
	}
	mail.Problems = append(mail.Problems, m.Problems...)
	if m.Raw != nil {
		sum := sha256.Sum256(m.Raw)
		mail.Size, mail.SHA256 = int64(len(m.Raw)), hex.EncodeToString(sum[:])
	}
	mail.Normalize()
	return mail
}

// describeOutlook gives the daemon's keys for a message of MAPI properties.
func describeOutlook(o *outlook.Message, path string) soar.Mail {
	d := soar.Mail{
		MessageID: o.MessageID, InReplyTo: o.InReplyTo, References: o.References,
		ReceivedAt: soar.Timestamp(o.Received), Date: soar.Timestamp(o.Sent),
		From: o.From.Addr, FromName: o.From.Name, Sender: o.Sender.Addr,
		ReplyTo: soar.JoinAddresses(o.ReplyTo), ReturnPath: returnPath(o.Header),
		To: recipients(o, "to"), Cc: recipients(o, "cc"), Bcc: recipients(o, "bcc"),
		Subject: o.Subject, Headers: soar.GroupHeaders(o.Header),
		Problems: slices.Clone(o.Problems),
	}
	d.SetBodies(o.BodyText, o.BodyHTML)
	d.SetAttachments(outlookFiles(o, path))
	return d
}

// outlookFiles lists the attachments, behind an embedded message those inside it.
func outlookFiles(o *outlook.Message, path string) []message.Attachment {
	var out []message.Attachment
	for i, a := range o.Attachments {
		part := strconv.Itoa(i + 1)
		if path != "" {
			part = path + "." + part
		}
		out = append(out, a.Describe(part))
		if a.Embedded != nil {
			out = append(out, outlookFiles(a.Embedded, part)...)
		}
	}
	return out
}

// recipients joins those of one kind, by name where there is no address.
func recipients(o *outlook.Message, kind string) string {
	var all []string
	for _, r := range o.Recipients {
		if r.Kind != kind {
			continue
		}
		if r.Addr == "" {
			r.Addr = r.Name
		}
		all = append(all, r.Addr)
	}
	return strings.Join(all, ", ")
}

// returnPath reads the transport headers' Return-Path as that of any other email is read.
func returnPath(h message.Header) string {
	var block strings.Builder
	for _, f := range h.Fields() {
		if strings.EqualFold(f.Name, "Return-Path") {
			block.WriteString("Return-Path:" + f.Raw + "\r\n")
		}
	}
	return soar.DescribeHeader(message.ParseHeader([]byte(block.String()+"\r\n"), message.DefaultLimits())).ReturnPath
}

// foundAt takes from a record what the bytes of an email do not say.
func foundAt(mail *soar.Mail, record soar.Record) {
	mail.MailboxAccount, mail.Folder, mail.Flags = record.MailboxAccount, record.Folder, record.Flags
	mail.UIDValidity, mail.UID = record.UIDValidity, record.UID
	if record.ReceivedAt != "" {
		mail.ReceivedAt = record.ReceivedAt
	}
}
