// Package apispec reads a tenant's own description of its API (OpenAPI 2 or 3,
// JSON or YAML) and finds in it what the integration needs: which of its paths
// does what, how fields, ids, dates, lists and pages are spelled there. From that
// it writes a profile to start from.
//
// The document comes from a person's download and may be broken, huge, cyclic or
// made to hurt: it is read up to a limit, references to other files or addresses
// are never followed, schemas are walked to a depth, and every failure is a
// sentence. What was not found is named and not guessed: an operation without a
// match becomes null, which the integration treats as one that is not there.
//
// To be read in this order: load, words (what a name is about), match (which path
// is which operation), schema, write (the profile).
package apispec
