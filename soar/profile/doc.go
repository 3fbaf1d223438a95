// Package profile describes a Cloud SOAR API that differs from the one in
// openapi.yaml, and translates between the two.
//
// A tenant's endpoints for emails are not public, so nobody can know in advance
// how they spell a field, wrap a list or report that something exists. A profile
// says it in JSON, operation by operation: method and path, how the email
// travels, the names of fields, where the answer holds its id, and what a status
// means. It has no expressions: whatever it can say can be checked before
// anything is sent, and every mistake names its place.
//
// Requests and answers are translated as documents, between the client that keeps
// the promises (retries, lookups, limits) and the wire. Without a profile nothing
// of this runs. An answer that lacks what the profile promises is an error, never
// a guess.
package profile
