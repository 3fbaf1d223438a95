// Package analysis says what an analyst wants to know of a reported email: the
// servers that it passed, what they and its signatures vouch for, where its links lead,
// what can be looked up or blocked, which emails lie in it and who reported them.
//
// All of that is the word of somebody else. Every Received field below those of one's own
// servers can be forged, an Authentication-Results field may have come with the email, a
// display name may look like an address, and a report is a claim of a person or of a
// button. So the package reports who said what and where it stands, and believes nothing:
// what counts as trusted is what the caller named, what was read out of free text is
// marked as uncertain, and what could not be read is a problem.
//
// What an email holds is opened by package content, the same way as for the filters. The
// package is pure but for the clock that ends the reading of files and that a DKIM
// signature's expiry is compared with: nothing is looked up in a network.
package analysis
