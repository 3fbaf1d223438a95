package message

// UID is the unique identifier of an email in a folder of an IMAP server (RFC
// 9051, section 2.3.1.1). With the folder's UIDVALIDITY it names that email for
// good, in a session and in what is stored of it. 0 is none.
type UID uint32
