package mailbox

const (
	maxQuote = 300 // bytes of foreign text in a sentence
	maxTold  = 200 // bytes of a greeting that is reported
)
