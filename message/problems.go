package message

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Codes of Problem; docs/problems.md says what each means. Never renamed.
const (
	codeEnvelopeLine       = "envelope_line"
	codeBOM                = "byte_order_mark"
	codeLeadingBlankLine   = "leading_blank_line"
	codeLookalike          = "lookalike_domain"
	codeTypeDiffers        = "content_type_differs"
	codeBareCR             = "bare_cr"
	codeNUL                = "nul"
	codeBadHeaderLine      = "bad_header_line"
	codeMissingBlankLine   = "missing_blank_line"
	codeHeaderCharset      = "header_charset"
	codeBadWord            = "bad_encoded_word"
	codeUnknownCharset     = "unknown_charset"
	codeBadCharset         = "bad_charset"
	codeUndeclaredCharset  = "undeclared_charset"
	codeDuplicateHeader    = "duplicate_header"
	codeTwoFrom            = "several_from"
	codeTwoFromAddresses   = "several_from_addresses"
	codeBadAddress         = "bad_address"
	codeBadDate            = "bad_date"
	codeControlCharacters  = "control_characters"
	codeBadContentType     = "bad_content_type"
	codeBadParameter       = "bad_parameter"
	codeDuplicateParameter = "duplicate_parameter"
	codeFilenameAmbiguous  = "filename_ambiguous"
	codeBoundaryMissing    = "boundary_missing"
	codeBoundaryAmbiguous  = "boundary_ambiguous"
	codeBoundaryReused     = "boundary_reused"
	codeBoundaryJunk       = "boundary_junk"
	codeNoParts            = "no_parts"
	codeMissingEnd         = "missing_end"
	codePartsAfterEnd      = "parts_after_end"
	codeUnknownEncoding    = "unknown_encoding"
	codeEncodedComposite   = "encoded_composite"
	codeBase64Junk         = "base64_junk"
	codeBase64Cut          = "base64_cut"
	codeBase64Joined       = "base64_joined"
	codeQPJunk             = "quoted_printable_junk"
	codeBadUUEncode        = "uuencode_cut"
	codeInlineEncoded      = "inline_encoded_file"
	codeTNEF               = "tnef"
	codePartial            = "message_partial"
	codeExternalBody       = "external_body"
	codeReadersDiffer      = "readers_differ"
	codeNotCrossChecked    = "not_cross_checked"
	codeLimitDepth         = "limit_depth"
	codeLimitParts         = "limit_parts"
	codeLimitHeaderBlock   = "limit_header_block"
	codeLimitHeaderLine    = "limit_header_line"
	codeLimitHeaders       = "limit_headers"
	codeLimitAddresses     = "limit_addresses"
	codeLimitParameters    = "limit_parameters"
	codeLimitWords         = "limit_encoded_words"
	codeLimitDigests       = "limit_digests"
	codeLimitProblems      = "limit_problems"
)

const (
	maxProblems = 100 // of one mail; a bomb must not become a bomb of problems
	maxSame     = 10  // with the same code
	maxQuoted   = 80  // bytes of foreign text shown in a detail
)

// lastPlace is where problems of the whole mail stand.
const lastPlace = 1 << 30

// placed is a problem with its place: 0 is the header, n the n-th part.
type placed struct {
	at int
	Problem
}

// problems collects what is wrong with one mail. Parts are decoded in the
// order in which they are asked for, but the list is in the mail's order.
type problems struct {
	list []placed
	out  *[]Problem
	up   *problems // of the mail that this one is nested in
	upAt int
	path string // part path of this nested mail
}

func (p *problems) add(at int, code, format string, args ...any) {
	x := placed{at, Problem{code, fmt.Sprintf(format, args...)}}
	p.put(x)
	if p.up != nil {
		x.Detail = "in the nested message " + p.path + ": " + x.Detail
	}
	for q := p; q.up != nil; q = q.up {
		x.at = q.upAt
		q.up.put(x)
	}
}

func (p *problems) put(x placed) {
	same := 0
	for _, y := range p.list {
		if y.Code == x.Code {
			same++
		}
	}
	switch {
	case slices.Contains(p.list, x):
		return
	case same >= maxSame, len(p.list) >= maxProblems && !strings.HasPrefix(x.Code, "limit_"):
		x = placed{lastPlace, Problem{codeLimitProblems, fmt.Sprintf("more problems than %d, or than %d of one kind; the rest is not listed", maxProblems, maxSame)}}
		if slices.Contains(p.list, x) {
			return
		}
	}
	i, _ := slices.BinarySearchFunc(p.list, x.at, func(a placed, at int) int {
		if a.at <= at {
			return -1
		}
		return 1
	})
	p.list = slices.Insert(p.list, i, x)
	all := make([]Problem, len(p.list))
	for i, x := range p.list {
		all[i] = x.Problem
	}
	*p.out = all
}

// quote shows foreign text in a detail: cut, escaped, on one line.
func quote(s string) string {
	if len(s) > maxQuoted {
		n := maxQuoted
		for n > 0 && !utf8.RuneStart(s[n]) {
			n--
		}
		return strconv.QuoteToGraphic(s[:n]) + "…"
	}
	return strconv.QuoteToGraphic(s)
}

func quoteAll(list []string) string {
	out := make([]string, 0, 4)
	for _, s := range list[:min(len(list), 4)] {
		out = append(out, quote(s))
	}
	return strings.Join(out, ", ")
}
