// Package soar speaks with Cloud SOAR over REST: it saves emails there, finds them
// again, and links them and their files to incidents and triage events. It also holds
// what every store has in common: the records, queries and errors in types.go.
//
// # What is assumed
//
// Sumo Logic publishes no endpoints for emails, attachments and triage. Those in
// openapi.yaml are assumed, in the style of the public ones. Each can be replaced
// ([Routes]), and a profile ([profile.Profile]) translates requests and answers for a
// tenant whose API is another one. [Client.Probe] asks a tenant what it knows.
//
// # What can go wrong on the way, and what is promised
//
// A request may be carried out although its answer is lost. Before such a request is
// sent again the client looks whether its object is there: by source_key for an email
// (sent as Idempotency-Key, too), by email, part and SHA-256 for a file, by a marker in
// the title for a note. So nothing is written twice, also in a store that keeps no keys,
// and what this call made is not reported as having existed.
//
// No answer, 408, 425, 429 and 5xx are tried again, with exponential back-off and full
// jitter or after Retry-After, for twice the timeout in all. 400, 413 and 422 refuse a
// content for good: the email is then saved without it and says so. Everything else ends
// the run with a [Failure], one sentence that says what to do next.
//
// An answer counts only if it is what is documented: a login page, a truncated document
// and a record that was not asked for are errors, never an empty result. A store that
// ignores filters or sort orders is noticed, and its lists are gone through here.
//
// # Limits
//
// Answers are read up to 1 MiB, 4 MiB for a record, 32 MiB for a page of a list and the
// size limit of emails for a raw one; 10,000 records of a list are looked through. No
// redirect is followed, no cookie kept, and no credential stands in a sentence or a log.
//
// Reading order: [Client] is made of emails, finder and incidents, whose operations are
// requests that a caller makes; a reader takes the answers, a dialect translates them,
// and an explainer says what went wrong.
package soar
