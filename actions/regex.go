package actions

import (
	"context"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"time"

	"example.org/imap-integration/indicators"
	"example.org/imap-integration/manifest"
	"example.org/imap-integration/message"
	"example.org/imap-integration/pyregex"
	"example.org/imap-integration/quote"
)

// Bounds of the numbers among the fields of the regex actions.
const (
	mostMatches    = 100_000
	longestTimeout = 60_000   // milliseconds
	mostRepeats    = 200_000  // matches of one text, where each is put out once
	mostOutput     = 16 << 20 // bytes of matches and groups: a pattern such as (?=(.*)) makes gigabytes of an email
)

// regexResult is what the regex actions print. The entries of Matches, Groups,
// NamedGroups and Locations belong together by their index.
type regexResult struct {
	Matches     []string            `json:"matches"`
	Match       string              `json:"match"` // the first of them, "" without one
	Count       int                 `json:"count"`
	Groups      [][]string          `json:"groups"`       // all groups of the match, "" for one without part in it
	NamedGroups []map[string]string `json:"named_groups"` // those with a name; of a card number its brand
	Locations   []regexLocation     `json:"locations"`
	Truncated   bool                `json:"truncated"` // there may be more matches than max_matches
	TimedOut    bool                `json:"timed_out"` // a search did not get to the end of an email
	Problems    []message.Problem   `json:"problems"`
}

// regexLocation says where a match was found.
type regexLocation struct {
	CloudSOARMailID string `json:"cloud_soar_mail_id"` // "" for an email or text that was given
	Part            string `json:"part"`               // IMAP part path; "" in a header or a text that was given
	Where           string `json:"where"`              // text, html, link, or the name of a header
	Offset          int    `json:"offset"`             // bytes of UTF-8 from the beginning of the text that was searched to the entry of Matches
	Preset          string `json:"preset"`             // which preset found it; "" for a pattern
}

// regexText is one text to be searched.
type regexText struct{ part, where, text string }

// regexSearch is what the regex actions have in common.
type regexSearch struct {
	finds   []regexFind
	limits  pyregex.Limits
	unique  bool
	mask    bool // MaskNumbers over whatever is found
	result  regexResult
	seen    map[string]bool
	output  int // bytes
	stopped bool
}

// regexFind is one pattern or preset to be searched for.
type regexFind struct {
	pattern *pyregex.Pattern // nil for a checked preset
	group   int
	preset  indicators.Preset
	mask    indicators.Sort
}

// regexParameters reads the fields that the regex actions share. What is wrong stands in v.
func regexParameters(v *manifest.Values) *regexSearch {
	s := &regexSearch{unique: v.Bool("unique"), seen: map[string]bool{}}
	s.limits.MaxMatches = v.Int("max_matches", 1, mostMatches)
	s.limits.Timeout = time.Duration(v.Int("regex_timeout_ms", 1, longestTimeout)) * time.Millisecond
	masked := maskMode(v)
	s.mask = masked == maskAll
	options := pyregex.Options{IgnoreCase: v.Bool("ignore_case"), Multiline: v.Bool("multiline"), DotAll: v.Bool("dot_all")}
	switch {
	case v.Has("regex") && v.Has("preset"):
		v.Problem("preset", "and regex are both given; choose one")
	case v.Has("preset"):
		s.presets(v, masked != maskNothing)
	case v.Has("regex"):
		s.pattern(v, options)
	default:
		v.Problem("regex", "is missing: give a pattern, or choose a preset")
	}
	s.result = regexResult{
		Matches: []string{}, Groups: [][]string{}, NamedGroups: []map[string]string{}, Locations: []regexLocation{}, Problems: []message.Problem{},
	}
	if name := indicators.PresetOf(v.Text("regex")); name != "" {
		s.problem(message.CodeRegexDamaged, "this is the pattern %s of the vendor's guide as its web page shows it, without braces or backslashes; choose the preset %s, which has it whole", name, name)
	}
	return s
}

// What of a result is masked.
const (
	maskCards   = "auto" // what the card presets find
	maskAll     = "true" // and card numbers and IBANs in any other match
	maskNothing = "false"
)

// maskMode reads mask. The form sends its default as it sends what a person chose, so
// that the default must mean the same where it is sent and where it is not.
func maskMode(v *manifest.Values) string {
	switch text := v.Scalar("mask"); strings.ToLower(text) {
	case "", maskCards:
		return maskCards
	case maskAll, "1", "yes", "on":
		return maskAll
	case maskNothing, "0", "no", "off":
		return maskNothing
	default:
		v.Problem("mask", "must be auto, true or false, not %s", quote.Text(text, quote.Name))
		return maskCards
	}
}

// pattern compiles regex and finds the group that is asked for.
func (s *regexSearch) pattern(v *manifest.Values, options pyregex.Options) {
	source := v.Text("regex")
	compiled, err := pyregex.Compile(source, options)
	if err != nil {
		hint := ""
		if name := indicators.PresetOf(source); name != "" {
			hint = "; the preset " + name + " has it whole"
		}
		v.Problem("regex", "%s does not compile: %v%s", quote.Text(source, quote.Name), err, hint)
		return
	}
	find := regexFind{pattern: compiled}
	switch name := v.Scalar("group"); {
	case name != "auto":
		var ok bool
		if find.group, ok = compiled.Group(name); !ok {
			v.Problem("group", "must be auto, or a group of the pattern by number or name, not %s; the pattern has %s", quote.Text(name, quote.Name), countGroups(compiled))
		}
	case len(compiled.Names()) == 2: // re.findall: the only group, else the match
		find.group = 1
	}
	s.finds = []regexFind{find}
}

func countGroups(p *pyregex.Pattern) string {
	switch n := len(p.Names()) - 1; n {
	case 0:
		return "no group"
	case 1:
		return "one group"
	default:
		return strconv.Itoa(n) + " groups"
	}
}

// presets reads preset: one name or several.
func (s *regexSearch) presets(v *manifest.Values, masked bool) {
	if v.Set("group") && v.Scalar("group") != "auto" {
		v.Problem("group", "goes with regex only; a preset gives what its name says")
	}
	for _, name := range v.List("preset") {
		preset, ok := indicators.FindPreset(name)
		if !ok {
			v.Problem("preset", "must be one of %s, not %s", strings.Join(indicators.PresetNames(), ", "), quote.Text(name, quote.Name))
			continue
		}
		find := regexFind{preset: preset, group: preset.Group}
		if masked && preset.Mask == indicators.CardNumber || s.mask {
			find.mask = preset.Mask
		}
		if !preset.Checked() {
			var err error
			if find.pattern, err = pyregex.Compile(preset.Pattern, pyregex.Options{}); err != nil {
				v.Problem("preset", "%s does not compile: %v", name, err)
				continue
			}
		}
		s.finds = append(s.finds, find)
	}
}

// mail searches the texts of one email: every pattern has its time for all of them.
func (s *regexSearch) mail(ctx context.Context, id string, texts iter.Seq[regexText]) {
	left := make([]time.Duration, len(s.finds))
	for i := range left {
		left[i] = s.limits.Timeout
	}
	for text := range texts {
		for i := range s.finds {
			if s.stopped {
				return
			}
			if left[i] <= 0 {
				s.timedOut(id, text)
				continue
			}
			start := time.Now()
			s.text(ctx, id, &s.finds[i], text, left[i])
			left[i] -= time.Since(start)
		}
	}
}

// timedOut says once for each email that its texts from here on were not searched.
func (s *regexSearch) timedOut(id string, at regexText) {
	s.result.TimedOut = true
	s.problem(message.CodeRegexTimeout, "%s was not searched from %s on: the %v of regex_timeout_ms were used up before", mailName(id), at.place(), s.limits.Timeout)
}

func (t regexText) place() string {
	if t.part == "" {
		return t.where
	}
	return t.where + " of part " + t.part
}

func mailName(id string) string {
	if id == "" {
		return "the email"
	}
	return "email " + id
}

// maxProblems bounds the list of a search; one entry per kind and email is what a person reads.
const maxProblems = 100

func (s *regexSearch) problem(code, format string, args ...any) {
	p := message.Problem{Code: code, Detail: fmt.Sprintf(format, args...)}
	for _, known := range s.result.Problems {
		if known == p {
			return
		}
	}
	if len(s.result.Problems) < maxProblems {
		s.result.Problems = append(s.result.Problems, p)
	}
}

// text searches one text for one pattern.
func (s *regexSearch) text(ctx context.Context, id string, f *regexFind, text regexText, left time.Duration) {
	limits := pyregex.Limits{Timeout: left, MaxMatches: s.limits.MaxMatches - len(s.result.Matches) + 1} // one more tells whether there are more
	if s.unique {
		limits.MaxMatches = mostRepeats
	}
	at := regexLocation{CloudSOARMailID: id, Part: text.part, Where: text.where, Preset: f.preset.Name}
	search := s.matched
	if f.pattern == nil {
		search = s.checked
	}
	r := search(ctx, f, text.text, at, limits)
	s.result.TimedOut = s.result.TimedOut || r.TimedOut
	s.result.Truncated = s.result.Truncated || r.Truncated
	if r.Problem != "" {
		code := map[bool]string{true: message.CodeRegexTimeout, false: message.CodeRegexFailed}[r.TimedOut]
		s.problem(code, "%s, %s: %s", mailName(id), text.place(), r.Problem)
	}
}

// matched searches for a pattern.
func (s *regexSearch) matched(ctx context.Context, f *regexFind, text string, at regexLocation, limits pyregex.Limits) pyregex.Result {
	r := f.pattern.FindAll(ctx, text, limits)
	for _, m := range r.Matches {
		at.Offset = m.Groups[f.group].Start
		if at.Offset < 0 { // the group has no part in the match
			at.Offset = m.Groups[0].Start
		}
		s.add(s.found(f, m, text), at)
	}
	return r
}

// regexFound is one match, ready for the result.
type regexFound struct {
	match  string
	groups []string
	named  map[string]string
}

func (s *regexSearch) found(f *regexFind, m pyregex.Match, text string) regexFound {
	found := regexFound{match: s.shown(f, m.Text(text, f.group)), groups: []string{}, named: map[string]string{}}
	for group := 1; group < len(m.Groups); group++ {
		found.groups = append(found.groups, s.shown(f, m.Text(text, group)))
		if name := f.pattern.Names()[group]; name != "" {
			found.named[name] = found.groups[group-1]
		}
	}
	return found
}

// shown masks what must not be shown whole.
func (s *regexSearch) shown(f *regexFind, text string) string {
	text = indicators.Masked(text, f.mask)
	if s.mask {
		text = indicators.MaskNumbers(text)
	}
	return text
}

// checked searches for a checked preset.
func (s *regexSearch) checked(ctx context.Context, f *regexFind, text string, at regexLocation, limits pyregex.Limits) pyregex.Result {
	found, r := f.preset.FindChecked(ctx, text, limits)
	for _, c := range found {
		named := map[string]string{}
		if c.Brand != "" {
			named["brand"] = c.Brand
		}
		at.Offset = c.Start
		s.add(regexFound{s.shown(f, c.Value), []string{}, named}, at)
	}
	return r
}

// add puts a match into the result, unless it is there and wanted once, or there are enough.
func (s *regexSearch) add(f regexFound, at regexLocation) {
	if s.stopped || s.unique && s.seen[f.match] {
		return
	}
	if len(s.result.Matches) == s.limits.MaxMatches {
		s.result.Truncated, s.stopped = true, true
		return
	}
	s.output += len(f.match)
	for _, group := range f.groups {
		s.output += len(group)
	}
	if s.output > mostOutput {
		s.result.Truncated, s.stopped = true, true
		s.problem(message.CodeRegexOutput, "the matches and their groups are longer than %d MiB together; the rest is left out", mostOutput>>20)
		return
	}
	if s.unique {
		s.seen[f.match] = true
	}
	s.result.Matches = append(s.result.Matches, f.match)
	s.result.Groups = append(s.result.Groups, f.groups)
	s.result.NamedGroups = append(s.result.NamedGroups, f.named)
	s.result.Locations = append(s.result.Locations, at)
}

// done completes the result.
func (s *regexSearch) done() regexResult {
	s.result.Count = len(s.result.Matches)
	if s.result.Count > 0 {
		s.result.Match = s.result.Matches[0]
	}
	return s.result
}
