// Package casenote joins a store of emails of one's own with the incidents of a
// Cloud SOAR that has no endpoints for emails, or none that are known.
//
// Emails, their attachments and which incident they belong to are kept in the
// store; the incident in Cloud SOAR gets a note, by the public endpoint alone, in
// which a person reads what matters and finds the email's id. What an email says
// of itself is a stranger's text: in a note it is escaped, cut and defanged, so
// that nothing in it can be clicked or run.
//
// A note is written once. The order is: look into the store, write the note, note
// the link in the store. A run that is killed in between leaves a note without a
// link; the next one finds it by its marker, where the tenant lists notes.
package casenote
