package message

// Codes of the problems of an email, in all packages; docs/problems.md says what each means. They are never renamed.
const (
	CodeEnvelopeLine       = "envelope_line"
	CodeBOM                = "byte_order_mark"
	CodeLeadingBlankLine   = "leading_blank_line"
	CodeLookalike          = "lookalike_domain"
	CodeTypeDiffers        = "content_type_differs"
	CodeBareCR             = "bare_cr"
	CodeNUL                = "nul"
	CodeBadHeaderLine      = "bad_header_line"
	CodeMissingBlankLine   = "missing_blank_line"
	CodeHeaderCharset      = "header_charset"
	CodeBadWord            = "bad_encoded_word"
	CodeUnknownCharset     = "unknown_charset"
	CodeBadCharset         = "bad_charset"
	CodeByteOrder          = "byte_order_guessed"
	CodeUndeclaredCharset  = "undeclared_charset"
	CodeDuplicateHeader    = "duplicate_header"
	CodeTwoFrom            = "several_from"
	CodeTwoFromAddresses   = "several_from_addresses"
	CodeBadAddress         = "bad_address"
	CodeBadDate            = "bad_date"
	CodeControlCharacters  = "control_characters"
	CodeBadContentType     = "bad_content_type"
	CodeBadParameter       = "bad_parameter"
	CodeDuplicateParameter = "duplicate_parameter"
	CodeFilenameAmbiguous  = "filename_ambiguous"
	CodeBoundaryMissing    = "boundary_missing"
	CodeBoundaryAmbiguous  = "boundary_ambiguous"
	CodeBoundaryReused     = "boundary_reused"
	CodeBoundaryJunk       = "boundary_junk"
	CodeNoParts            = "no_parts"
	CodeMissingEnd         = "missing_end"
	CodePartsAfterEnd      = "parts_after_end"
	CodeUnknownEncoding    = "unknown_encoding"
	CodeEncodedComposite   = "encoded_composite"
	CodeBase64Junk         = "base64_junk"
	CodeBase64Cut          = "base64_cut"
	CodeBase64Joined       = "base64_joined"
	CodeQPJunk             = "quoted_printable_junk"
	CodeBadUUEncode        = "uuencode_cut"
	CodeInlineEncoded      = "inline_encoded_file"
	CodeTNEF               = "tnef"
	CodePartial            = "message_partial"
	CodeExternalBody       = "external_body"
	CodeReadersDiffer      = "readers_differ"
	CodeNotCrossChecked    = "not_cross_checked"
	CodeLimitDepth         = "limit_depth"
	CodeLimitParts         = "limit_parts"
	CodeLimitHeaderBlock   = "limit_header_block"
	CodeLimitHeaderLine    = "limit_header_line"
	CodeLimitHeaders       = "limit_headers"
	CodeLimitAddresses     = "limit_addresses"
	CodeLimitParameters    = "limit_parameters"
	CodeLimitWords         = "limit_encoded_words"
	CodeLimitDigests       = "limit_digests"
	CodeLimitProblems      = "limit_problems"
)

// Codes of Outlook messages (package outlook).
const (
	CodeOutlookDamaged   = "outlook_damaged"   // a part of the file cannot be read
	CodeOutlookTruncated = "outlook_truncated" // the file ends too early
	CodeOutlookChecksum  = "outlook_checksum"  // a checksum does not fit what it was made over
	CodeOutlookCharset   = "outlook_charset"   // a text is in a code page that is not known, or not in the one it names
	CodeOutlookAddress   = "outlook_address"   // an address is not an SMTP address
	CodeOutlookObject    = "outlook_object"    // an OLE object, of which no file can be made
	CodeOutlookHeaders   = "outlook_headers"   // the transport headers name another sender
	CodeOutlookLimit     = "outlook_limit"     // a limit was reached
)

// Codes of how an email was fetched, saved and analyzed.
const (
	CodeTooLarge        = "too_large"
	CodeDuplicateFetch  = "duplicate_fetch"      // the server sent a second body for this UID; the first counts
	CodePlaceholder     = "provider_placeholder" // the server sent a text of its own in place of the email
	CodeEmptyContent    = "empty_content"
	CodeRefused         = "refused"
	CodeContentRefused  = "content_refused"
	CodeNoContent       = "no_content"
	CodeParsePanic      = "parse_panic"
	CodeBadInternalDate = "bad_internaldate"
	CodeCopies          = "copies"
	CodeLimitMessages   = "limit_messages"
	CodeLimitIndicators = "limit_indicators"
	CodeRegexTimeout    = "regex_timeout"
	CodeRegexFailed     = "regex_failed"
	CodeRegexOutput     = "regex_output_limit"
	CodeRegexDamaged    = "regex_damaged" // a pattern of the vendor's guide as its page damages it
)

// Problems of files that an email carries.
const (
	CodeArchiveEncrypted   = "archive_encrypted"   // no password opened it
	CodeArchiveDamaged     = "archive_damaged"     // it, or a member, cannot be unpacked
	CodeArchiveUnsupported = "archive_unsupported" // a kind of archive or compression that is not read
	CodeArchiveAmbiguous   = "archive_ambiguous"   // programs that open archives show different files in it
	CodeLimitArchive       = "limit_archive"       // not unpacked, or not all of it: too much
	CodeEncrypted          = "encrypted"           // a message that is encrypted (S/MIME, PGP)
	CodeFileEncrypted      = "file_encrypted"      // a document that needs a password
	CodeFileDamaged        = "file_damaged"        // a document or picture that cannot be read
	CodeFileUnsupported    = "file_unsupported"    // a document or picture of a kind that is not read
	CodeLimitFile          = "limit_file"          // a document or picture that was not read to its end: too much
)
