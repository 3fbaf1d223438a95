// Package console is the integration in a browser: the resource form, the test of
// the settings, every action, the emails of a local store, completeness, incidents.
//
// It is a guest in the house. An action is run through a [Runner], which is the
// command line's own run function, so that a person reads the same sentences here
// and there, and no action knows that a browser looks on. What the store holds is
// read through [Store].
//
// What arrives here is hostile twice over. The emails were written by attackers:
// their text is shown as text, their HTML only on request, in a frame that may load,
// run, send and open nothing (html.go, policy.go), and what is downloaded cannot be
// opened by accident. And the console holds the keys to a mailbox on a port of the
// analyst's machine, which every page that the analyst's browser visits can try to
// reach: guard.go says who gets in. Secrets go in and do not come out.
//
// Every screen works without JavaScript: a POST changes something and redirects to a
// GET that shows it. The script adds what is nice to have.
package console
