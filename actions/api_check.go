package actions

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"example.org/imap-integration/manifest"
	"example.org/imap-integration/quote"
	"example.org/imap-integration/soar"
)

// apiReport is what api check found.
type apiReport struct {
	Address    string         `json:"address"`
	Operations []soar.Finding `json:"operations"`
	Usable     int            `json:"usable"` // operations that fit, or are known
}

// APICheck is a command for people: with credentials alone it asks a tenant which
// operations of the API, or of the profile in cloud_soar_routes, it has. A person
// gets a table, everybody else JSON.
var APICheck = Action{Name: "check", Title: "API Check", Does: "Ask the tenant which operations of the API it has; nothing is changed", Run: apiCheck}

// prober is a store that can be asked what it has.
type prober interface {
	Probe(ctx context.Context) []soar.Finding
}

func apiCheck(ctx context.Context, env *Env, v *manifest.Values) (any, error) {
	r := resource(env, v)
	r.shapes()
	open := r.storeToRead()
	if err := v.Err(); err != nil {
		return nil, err
	}
	s, err := open(ctx)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	p, ok := s.Store.(prober)
	if !ok {
		return nil, errors.New("a store in a file has every operation; set cloud_soar_api_url to the address of a tenant to check its API")
	}
	report := &apiReport{Address: v.Line("cloud_soar_api_url"), Operations: p.Probe(ctx)}
	for _, f := range report.Operations {
		if f.Verdict == soar.Fits || f.Verdict == soar.Known {
			report.Usable++
		}
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if report.Usable < len(report.Operations) {
		err = fmt.Errorf("%d of %d operations of the API are not sure to work; standard output names them; describe the API of your tenant in cloud_soar_routes (docs/cloud-soar-api.md)", len(report.Operations)-report.Usable, len(report.Operations))
	}
	if !env.Table {
		return report, err
	}
	if written := env.Deliver(report.table); written != nil {
		return nil, written
	}
	return nil, err
}

// table writes the report for a person.
func (r *apiReport) table(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "OPERATION\tCALL\tVERDICT\tSTATUS\tDETAIL")
	for _, f := range r.Operations {
		fmt.Fprintf(t, "%s\t%s\t%s\t%d\t%s\n", f.Operation, f.Call, f.Verdict, f.Status, quote.Line(f.Detail, sentenceLimit))
	}
	return t.Flush()
}
