// Package outlook reads messages that are MAPI properties and not MIME: the .msg file
// that a person drags out of Outlook ([MS-OXMSG], a compound file) and the winmail.dat
// that Exchange attaches for programs of its own ([MS-OXTNEF]).
//
// Analysts get reported phish in these more often than as .eml, and what can go wrong is
// to believe them too easily. The sender stands in up to eight properties, some of which
// hold a display name, an X.500 name of an Exchange directory or nothing; texts of eight
// bits are in a code page that another property names, often wrongly; a body may be there
// only as compressed RTF, in which HTML is hidden; and files come damaged.
//
// [ReadMSG] and [ReadTNEF] never fail as a whole: they return what can be read. An address
// is one or is named as none, a text is in a code page in which it makes sense or is
// named as doubtful, and each loss is a problem. Time, memory and nesting are bounded; the
// package is pure.
package outlook
