// Package indicators finds what an analyst looks for in a text: URLs, domains,
// IP and email addresses, digests, CVE identifiers, account and card numbers.
//
// The text comes from a stranger who may have hidden or broken what is in it, or
// from a colleague who defanged it ("hxxps://evil[.]example"). Each finder reads it
// once, in linear time, checks what it finds (octets, public suffixes, check
// digits), and gives it in one spelling with its place. A preset is a finder or
// one of the vendor's patterns under a name; those run in [pyregex].
//
// The package is pure: nothing is looked up, nothing compiled before it is asked for.
package indicators
