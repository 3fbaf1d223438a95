package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"example.org/imap-integration/quote"
)

// compWords gives bash what the script needs of the package bash-completion, where that is
// not there. Words that bash cut at = and : are joined, as -n =: asks for.
const compWords = `if ! declare -F _get_comp_words_by_ref >/dev/null; then # there is no package bash-completion
    _get_comp_words_by_ref() {
        local i=0 word glue=""
        words=() cword=0
        for word in "${COMP_WORDS[@]:0:COMP_CWORD+1}"; do
            if [[ $i -gt 0 && ( $word == [=:]* || -n $glue ) ]]; then
                words[${#words[@]}-1]+=$word
            else
                words+=("$word")
            fi
            glue=""
            [[ $word == *[=:] ]] && glue=1
            i=$((i + 1))
        done
        cword=$((${#words[@]} - 1))
        cur=${words[cword]} prev=""
        [[ $cword -gt 0 ]] && prev=${words[cword - 1]}
    }
fi

`

// completionCommand makes cobra's completion command refuse a shell that it does not know,
// and its script for bash stand on its own.
func completionCommand(root *cobra.Command, out io.Writer) {
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		if c.Name() != "completion" {
			continue
		}
		c.Args = func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return fmt.Errorf("completion has no %s; it has bash, fish, powershell and zsh", quote.Text(args[0], quote.Name))
			}
			return nil
		}
		c.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
		for _, shell := range c.Commands() {
			if script := shell.RunE; shell.Name() == "bash" && script != nil {
				shell.RunE = func(c *cobra.Command, args []string) error {
					if _, err := io.WriteString(out, compWords); err != nil {
						return err
					}
					return script(c, args)
				}
			}
		}
	}
}
