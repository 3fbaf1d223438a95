// Package analysis takes apart what a mail says of itself: the way it came, what
// servers and signatures vouch for, where its links lead, and which messages lie in
// it, be they MIME, Outlook .msg or TNEF. It is pure: no clock but that of a DKIM
// signature's expiry, no network, no files; nothing in a mail is believed, only reported.
package analysis
