package token

import (
	"encoding/json"
	"fmt"
)

// Kind says why there is no token.
type Kind int

// The kinds of [Error].
const (
	BadAnswer    Kind = iota // the response is not that of a token endpoint
	Refused                  // the endpoint refused (RFC 6749, section 5.2): asking again is no use
	Busy                     // 429 or 5xx: later, perhaps
	Redirected               // a redirect, which is never followed: the credentials would go along
	TooLarge                 // more than 256 KiB of answer
	Unreachable              // no connection, or no response in time
	NotRenewable             // the access token of the settings was refused, and nothing can renew it
)

const (
	maxCode        = 60  // bytes of an error code shown
	maxDescription = 300 // bytes of an error's description shown: Microsoft's first sentence fits
)

// Error is a failure to get a token. It holds no secret.
type Error struct {
	Kind        Kind
	Endpoint    string // scheme://host
	Status      int    // HTTP status; 0: none
	Code        string // "invalid_grant"; escaped and cut, like Description
	Description string // what the endpoint says, or why it cannot be reached
	Advice      string // the next step
	Err         error  // the cause, where there is one; may be foreign text
}

// Error is one sentence with the next step.
func (e *Error) Error() string {
	what := e.what()
	if e.Advice == "" {
		return what
	}
	return what + "; " + e.Advice
}

func (e *Error) what() string {
	switch e.Kind {
	case Refused:
		return fmt.Sprintf("the token endpoint %s refused to give an access token (%s)", e.Endpoint, e.answer())
	case Busy:
		return fmt.Sprintf("the token endpoint %s cannot give an access token now (%s)", e.Endpoint, e.answer())
	case Redirected:
		return fmt.Sprintf("the token endpoint %s answered with a redirect (%d), which is not followed, because the credentials would go along", e.Endpoint, e.Status)
	case TooLarge:
		return fmt.Sprintf("the token endpoint %s answered with more than 256 KiB", e.Endpoint)
	case Unreachable:
		return fmt.Sprintf("no access token could be fetched from %s: %s", e.Endpoint, e.Description)
	case NotRenewable:
		return "the server refused the access token in oauth2_access_token, and it cannot be renewed"
	default:
		return fmt.Sprintf("what the token endpoint %s answered is no access token", e.Endpoint)
	}
}

// answer is what the endpoint said.
func (e *Error) answer() string {
	switch {
	case e.Code != "" && e.Description != "":
		return e.Code + ": " + e.Description
	case e.Code != "":
		return e.Code
	default:
		return fmt.Sprintf("HTTP status %d", e.Status)
	}
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// decodeError reads code and description of an error document; a field that is
// something else than a text is left out.
func decodeError(body []byte) (code, description string) {
	var doc map[string]any
	if json.Unmarshal(body, &doc) != nil {
		return "", ""
	}
	code, _ = doc["error"].(string)
	description, _ = doc["error_description"].(string)
	return code, description
}
