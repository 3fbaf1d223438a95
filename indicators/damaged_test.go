package indicators

import "testing"

// TestPresetOf has the patterns as the vendor's page prints them.
func TestPresetOf(t *testing.T) {
	for pattern, want := range map[string]string{
		`([0-9]+(?:.[0-9]+)3)`:                  "ip",
		`\b[0-9a-fA-F]32\b`:                     "md5",
		`\b[0-9a-fA-F]40\b`:                     "sha1",
		` \b[0-9a-fA-F]64\b `:                   "sha256",
		`\d4-\d2-\d2 \d2:\d2:\d2`:               "datetime",
		`[\w.-]+@[\w.-]+`:                       "email",
		`(?:2131|1800|35\d3)\d11`:               "jcb",
		`(6304|6706|6709|6771)[0-9]15`:          "laser",
		`(62[0-9]17)`:                           "union_pay",
		`4[0-9]12(?:[0-9]3)?`:                   "visa",
		`(?:4[0-9]12(?:[0-9]3)?|5[1-5][0-9]14)`: "visa_mastercard",
		`\b[0-9a-fA-F]{32}\b`:                   "", // as it should be
		`filename: (.*?),,`:                     "", // the page does not damage it
		`[0-9]32`:                               "",
		``:                                      "",
	} {
		if got := PresetOf(pattern); got != want {
			t.Errorf("PresetOf(%s) = %q, want %q", pattern, got, want)
		}
	}
}

// TestNoPresetIsADamagedOne: a pattern that is whole gets no hint, and each that the page damages gets its own.
func TestNoPresetIsADamagedOne(t *testing.T) {
	for _, p := range presets {
		if p.Pattern == "" {
			continue
		}
		if got := PresetOf(p.Pattern); got != "" {
			t.Errorf("%s as it should be is taken for a damaged %s", p.Name, got)
		}
		for _, form := range damaged(p.Pattern) {
			if got := PresetOf(form); form != p.Pattern && got != p.Name {
				t.Errorf("%s, damaged to %s, is taken for %q", p.Name, form, got)
			}
		}
	}
}
