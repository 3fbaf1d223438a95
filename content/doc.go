// Package content opens everything that an email carries.
//
// An attacker chooses the form in which a phish arrives: attached as a message,
// as an .eml under any type or name, as an Outlook .msg, in a winmail.dat, in a signed S/MIME
// message, in a mailbox file, in a ZIP whose password stands in the text, or one
// inside the other. So there is one notion of what is "inside", decided by the
// bytes, for the filters on text, the regex actions and the analysis: what one of
// them finds, the others find.
//
// [Open] reads the messages of an email, each before those inside it. [Texts]
// yields every text, [Searchable] every text, link target and file name. All
// of it has limits on count, depth, bytes and time; what could not be read (encrypted,
// damaged, over a limit) becomes a problem of the message that has it, with its path.
package content
