package actions

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"example.org/imap-integration/manifest"
	"example.org/imap-integration/soar"
	"example.org/imap-integration/terminal"
)

// apiReport is what api check found.
type apiReport struct {
	Address    string         `json:"address"`
	Operations []soar.Finding `json:"operations"`
	Usable     int            `json:"usable"` // operations that fit, or are known

	Actions []actionProspect `json:"actions"`
}

// APICheck is a command for people: with credentials alone it asks a tenant which
// operations of the API, or of the profile in cloud_soar_routes, it has. A person
// gets a table, everybody else JSON.
var APICheck = Action{Name: "check", Title: "API Check", Does: "Ask the tenant which operations of the API it has; nothing is changed", Run: apiCheck}

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
	report.Actions = prospects(report.Operations)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if report.Usable < len(report.Operations) {
		err = fmt.Errorf("%d of %d operations of the API are not sure to work; standard output names them; describe the API of your tenant in cloud_soar_routes (docs/cloud-soar-api.md)", len(report.Operations)-report.Usable, len(report.Operations))
	}
	if env.Show == nil {
		return report, err
	}
	if written := env.Show(report.table); written != nil {
		return nil, written
	}
	return nil, err
}

// table writes the report for a person.
func (r *apiReport) table(p *terminal.Page) error {
	t := terminal.Table{Columns: []terminal.Column{
		{Title: "Operation", Least: 20},
		{Title: "Call", Rank: 3, Least: 16},
		{Title: "Verdict", Paint: func(p *terminal.Page, cell string) string {
			if v := soar.Verdict(strings.TrimSpace(cell)); v == soar.Fits || v == soar.Known {
				return p.Good(cell)
			}
			return p.Warning(cell)
		}},
		{Title: "Status", Right: true, Rank: 2, Least: 6},
		{Title: "Detail", Wrap: true, Rank: 1, Least: 24},
	}}
	for _, f := range r.Operations {
		t.Add(f.Operation, f.Call, string(f.Verdict), strconv.Itoa(f.Status), f.Detail)
	}
	if err := t.Write(p); err != nil {
		return err
	}
	if _, err := fmt.Fprintln(p); err != nil {
		return err
	}
	return p.Paragraph(0, outlookOf(r.Actions))
}
