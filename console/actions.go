package console

import (
	"errors"
	"io/fs"
	"net/http"
	"net/url"
	"slices"

	"example.org/imap-integration/actions"
	"example.org/imap-integration/manifest"
	"example.org/imap-integration/quote"
)

// actionScreen is TEST ACTION.
type actionScreen struct{ *desk }

// actionCard is an action in the list of them.
type actionCard struct{ Name, Title, Type, Does string }

func (s actionScreen) list(w http.ResponseWriter, _ *http.Request) error {
	var cards []actionCard
	for _, a := range actions.All {
		m, err := s.Manifest.Action(a.Name)
		switch {
		case errors.Is(err, fs.ErrNotExist): // TEST SAVED SETTINGS has a screen of its own
		case err != nil:
			return err
		default:
			cards = append(cards, actionCard{a.Name, a.Title, m.Type, a.Does})
		}
	}
	s.render(w, http.StatusOK, "actions", page{Title: "Actions", Section: "actions"}, cards)
	return nil
}

// actionPage is TEST ACTION of one action.
type actionPage struct {
	actionCard
	Controls []*control
	Writes   bool // it changes something
	Runs     []runLine
}

// action finds the action of the path and its file.
func (s actionScreen) action(r *http.Request) (actions.Action, *manifest.Action, error) {
	name := r.PathValue("name")
	i := slices.IndexFunc(actions.All, func(a actions.Action) bool { return a.Name == name })
	if i < 0 {
		return actions.Action{}, nil, &failure{http.StatusNotFound, "there is no such action"}
	}
	m, err := s.Manifest.Action(name)
	if errors.Is(err, fs.ErrNotExist) {
		err = &failure{http.StatusNotFound, "the action has no fields; TEST SAVED SETTINGS is on the page Resource"}
	}
	return actions.All[i], m, err
}

func (s actionScreen) show(w http.ResponseWriter, r *http.Request) error {
	a, m, err := s.action(r)
	if err != nil {
		return err
	}
	s.form(w, a, m, fromQuery(m, r.URL.Query()))
	return nil
}

// fromQuery fills a form from an address such as /actions/get-email?cloud_soar_mail_id=5.
// Of the daemon a dry run is proposed.
func fromQuery(m *manifest.Action, query url.Values) map[string]any {
	values := map[string]any{}
	for _, f := range m.Fields {
		if query.Has(f.ID) && !f.Secret() {
			values[f.ID] = query.Get(f.ID)
		} else if f.ID == "dry_run" {
			values[f.ID] = true
		}
	}
	return values
}

func (s actionScreen) form(w http.ResponseWriter, a actions.Action, m *manifest.Action, values map[string]any) {
	p := actionPage{actionCard: actionCard{a.Name, a.Title, m.Type, a.Does}, Writes: m.Type != "Enrichment"}
	for _, f := range m.Fields {
		c := newControl(f, values[f.ID])
		c.Upload = f.ID == "eml" || f.ID == "msg"
		p.Controls = append(p.Controls, &c)
	}
	p.Runs = lines(s.runs.latest(a.Name))
	s.render(w, http.StatusOK, "action", page{Title: a.Title, Section: "actions"}, p)
}

// run starts an action with the saved settings and the fields of the form.
func (s actionScreen) run(w http.ResponseWriter, r *http.Request) error {
	a, m, err := s.action(r)
	if err != nil {
		return err
	}
	fields, err := actionFields(m, r)
	if err != nil {
		return err
	}
	var given []givenField
	for _, f := range m.Fields {
		if value, ok := fields[f.ID]; ok {
			given = append(given, givenField{f.Label, shownField(f, value)})
		}
	}
	return s.start(w, r, a.Name, a.Title, fields, given)
}

// shownField is a value as a run shows it.
func shownField(f manifest.Field, value any) string {
	if f.Secret() {
		return "set"
	}
	return quote.Line(shown(value), lineLength)
}

// actionFields reads the form of an action. A file that is given counts before the text of its field.
func actionFields(m *manifest.Action, r *http.Request) (map[string]any, error) {
	if err := r.ParseMultipartForm(maxForm); err != nil && !errors.Is(err, http.ErrNotMultipart) {
		return nil, err
	}
	fields := map[string]any{}
	for _, f := range m.Fields {
		uploaded, err := upload(r, fieldPrefix+f.ID+".file")
		switch {
		case err != nil:
			return nil, err
		case uploaded != "":
			fields[f.ID] = uploaded
		default:
			if value := given(f, r.Form); value != nil {
				fields[f.ID] = value
			}
		}
	}
	return fields, nil
}

// runLine is a run in a list.
type runLine struct {
	ID          int
	Title, When string
	state
}

func lines(list []*run) []runLine {
	out := make([]runLine, 0, len(list))
	for _, r := range list {
		s, _ := r.now()
		out = append(out, runLine{r.ID, r.Title, r.Began.UTC().Format("2006-01-02 15:04:05"), s})
	}
	return out
}

// Word is how a run stands, in a word.
func (s state) Word() string {
	switch {
	case !s.Ended:
		return "running"
	case s.Status == actions.ExitDone:
		return "done"
	case s.Stopped || s.Status == actions.ExitInterrupted:
		return "stopped"
	case s.Status == actions.ExitParameters:
		return "wrong parameters"
	default:
		return "failed"
	}
}

// Tone is the colour of the word.
func (s state) Tone() string {
	return map[string]string{"done": "good", "failed": "bad", "wrong parameters": "bad", "stopped": "warn"}[s.Word()]
}

// maxAgain bounds an address that fills in a form, bytes.
const maxAgain = 2 << 10

// again is what fills in the form for another run of the same: the values that an address can hold.
func again(fields map[string]any) string {
	q := url.Values{}
	for id, value := range fields {
		if text := shown(value); len(text) <= maxAgain {
			q.Set(id, text)
		}
	}
	if text := "?" + q.Encode(); len(q) > 0 && len(text) <= maxAgain {
		return text
	}
	return ""
}
