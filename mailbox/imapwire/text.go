package imapwire

const (
	MaxQuote = 300 // bytes of foreign text in a sentence
	MaxTold  = 200 // bytes of a greeting that is reported
)
