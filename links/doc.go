// Package links finds where a text or an HTML document can take its reader, or
// the program that shows it.
//
// What arrives is hostile: targets with tabs and line ends inside, hosts written
// as percent escapes, as one octal number or in full-width letters, elements that
// only Outlook shows, documents inside attributes, and links that a mail gateway
// has replaced by its own. A reader's program follows all of that; a list of
// links that leaves it out shows an analyst another email than the victim saw.
//
// So targets are resolved as browsers do (the WHATWG URL Standard, by
// github.com/nlnwa/whatwg-url), what a real browser finds is found too (a test
// asks Chromium), and what only other programs would follow is given with a
// remark that says why. Rewritten links are undone without a network: what a
// gateway keeps on its own servers is called opaque and never guessed. The time
// is linear in the length of the input; nothing is fetched.
package links
