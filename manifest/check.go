package manifest

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// What the platform's grammar knows.
var (
	resourceTypes      = []string{"checkbox", "list", "number", "password", "text", "textarea"}
	resourceValidators = []string{"host", "integer", "ip", "port", "url"}
	actionFieldTypes   = []string{"checkbox", "datetime", "fileDetonate", "list", "multilist", "number", "tag", "text", "textarea", "upload"}
	actionValidators   = []string{"datetime", "domain", "e-mail", "hash", "integer", "ipaddress", "ip_domain", "md5", "port", "sha1", "sha256", "url"}
	actionTypes        = []string{"Containment", "Custom", "Enrichment", "Notification", "Daemon"}
	observables        = []string{"domain", "email", "file", "ipaddress", "md5", "sha1", "sha256", "url", "userdetail"}
)

// systemVariables must not be overwritten by a field of the same name.
var systemVariables = []string{
	"PATH", "HOME", "HOSTNAME", "USER", "LANG", "TERM", "TZ", "PWD", "OLDPWD", "SHLVL", "IFS", "UID", "EUID", "PPID", "TMPDIR",
	"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "no_proxy", "all_proxy",
	"SSL_CERT_FILE", "SSL_CERT_DIR", "GODEBUG", "GOMEMLIMIT", "GOGC", "GOMAXPROCS", "GOTRACEBACK", "BASH_ENV", "ENV",
}

// checker collects what is wrong with the files.
type checker struct{ errs []error }

func (c *checker) bad(where, format string, args ...any) {
	c.errs = append(c.errs, fmt.Errorf("%s: %s", where, fmt.Sprintf(format, args...)))
}

// want adds a mistake unless ok.
func (c *checker) want(ok bool, where, format string, args ...any) {
	if !ok {
		c.bad(where, format, args...)
	}
}

// Check reports everything that is wrong with the files: what the platform's
// grammar does not have, what its YAML 1.1 reader would misread, and what
// would keep a script from running. nil when all is right.
func (m Manifest) Check() error {
	c := &checker{}
	integration, err := m.Integration()
	if err != nil {
		return err
	}
	m.checkText(c, integrationFile)
	c.integration(integration)
	commands, err := m.Commands()
	if err != nil {
		return err
	}
	titles := map[string]bool{}
	for _, command := range commands {
		file := path.Join(m.actions, command+suffix)
		action, err := m.Action(command)
		if err != nil {
			c.errs = append(c.errs, err)
			continue
		}
		m.checkText(c, file)
		c.want(!titles[action.Name], file, "the name %q stands in two files", action.Name)
		titles[action.Name] = true
		c.action(file, command, action, integration)
	}
	return errors.Join(c.errs...)
}

func (c *checker) integration(i *Integration) {
	const where = integrationFile
	c.want(i.Name != "", where, "name is missing")
	c.want(i.Version != "", where, "version is missing")
	if err := checkIcon(i.Icon); err != nil {
		c.bad(where, "icon: %v", err)
	}
	c.want(i.Script.Type == "bash", where, "script.type must be bash")
	c.script(where, "script.test_connection_code", i.Script.TestConnectionCode, "test-settings")
	name, tag, found := strings.Cut(i.DockerRepoTag, ":")
	c.want(found && name != "" && tag != "" && !strings.ContainsAny(i.DockerRepoTag, spaces), where, "docker_repo_tag must be name:tag")
	seen := map[string]bool{}
	for _, f := range i.Configuration.DataAttributes {
		c.field(where, f, resourceTypes, resourceValidators, seen)
		c.want(!isProxyField(f.ID), where, "%s is set by the platform and no field of the resource", f.ID)
	}
	for _, column := range i.Configuration.ListingAttributes {
		at := slices.IndexFunc(i.Configuration.DataAttributes, func(f Field) bool { return f.ID == column.ID })
		c.want(at >= 0, where, "listing_attributes.%s is no field", column.ID)
		c.want(at < 0 || !i.Configuration.DataAttributes[at].Secret(), where, "listing_attributes shows the secret %s", column.ID)
		c.want(column.Name != "", where, "listing_attributes.%s has no name", column.ID)
	}
}

func (c *checker) action(file, command string, a *Action, i *Integration) {
	c.want(a.Integration == i.Name, file, "integration is %q, not %q as in %s", a.Integration, i.Name, integrationFile)
	c.want(a.Name != "", file, "name is missing")
	c.want(slices.Contains(actionTypes, a.Type), file, "type %q is not one of %s", a.Type, strings.Join(actionTypes, ", "))
	c.script(file, "script.code", a.Script.Code, command)
	c.want(a.Fields != nil, file, "fields must be a list")
	seen := map[string]bool{}
	for _, f := range proxyFields {
		seen[f.ID] = true
	}
	for _, f := range i.Configuration.DataAttributes {
		seen[f.ID] = true // the platform hands over both kinds together
	}
	for _, f := range a.Fields {
		c.field(file, f, actionFieldTypes, actionValidators, seen)
		for _, o := range f.Observables {
			c.want(slices.Contains(observables, o), file, "%s: observables %q is not one of %s", f.ID, o, strings.Join(observables, ", "))
		}
	}
	c.output(file, a)
}

// output checks the paths that a result is read with.
func (c *checker) output(file string, a *Action) {
	c.want(len(a.Output) > 0, file, "output is missing")
	c.want(len(a.TableView) > 0, file, "table_view is missing")
	seen := map[string]bool{}
	for _, o := range a.Output {
		c.want(isPath(o.Path), file, "output path %q is no path of the platform", o.Path)
		c.want(!seen[o.Path], file, "output path %q stands twice", o.Path)
		c.want(a.Type != "Daemon" || strings.HasPrefix(o.Path, "[]."), file, "output path %q of a daemon must begin with [].", o.Path)
		seen[o.Path] = true
	}
	for _, cell := range a.TableView {
		known := slices.ContainsFunc(a.Output, func(o Output) bool { return o.Path == cell.Value || strings.HasPrefix(cell.Value, o.Path+".") })
		c.want(known, file, "table_view %q is no output path", cell.Value)
		c.want(isPath(cell.Value), file, "table_view %q is no path of the platform", cell.Value)
		c.want(cell.DisplayName != "", file, "table_view %q has no display_name", cell.Value)
		c.want(cell.Type == "" || cell.Type == "link", file, "table_view %q: type %q is not link", cell.Value, cell.Type)
	}
}

// script wants a line that becomes the program: exec keeps exit status and
// streams, and standard input is empty, whatever the platform does with it.
func (c *checker) script(file, key, code, command string) {
	lines := strings.Split(strings.TrimSpace(code), "\n")
	want := "exec imap-integration " + command + " < /dev/null"
	c.want(lines[len(lines)-1] == want, file, "%s must end in %q", key, want)
}

// field checks one field; seen holds the ids that are taken.
func (c *checker) field(file string, f Field, types, validators []string, seen map[string]bool) {
	where := file + ": " + f.ID
	c.want(identifier(f.ID) && f.ID == strings.ToLower(f.ID), where, "the id is no shell identifier in lower case")
	c.want(!slices.Contains(systemVariables, f.ID), where, "the id is a variable of the system")
	c.want(!seen[f.ID], where, "the id is taken")
	seen[f.ID] = true
	c.want(f.Label != "", where, "label is missing")
	c.want(f.Required != nil, where, "required is missing")
	c.want(slices.Contains(types, f.Type), where, "type %q is not one of %s", f.Type, strings.Join(types, ", "))
	c.want(f.Validator == "" || slices.Contains(validators, f.Validator), where, "validator %q is not one of %s", f.Validator, strings.Join(validators, ", "))
	c.values(where, f)
}

// values checks a field's default and keys.
func (c *checker) values(where string, f Field) {
	isList := f.Type == "list" || f.Type == "multilist"
	c.want(isList == (len(f.Values) > 0), where, "a list, and only a list, has values")
	for _, choice := range f.Values {
		c.want(choice.Key != "" && choice.Label != "", where, "a value without key or label")
	}
	if f.Default == "" {
		return
	}
	_, err := strconv.Atoi(f.Default)
	c.want(!isList || f.Values.Key(f.Default), where, "the default %q is not one of the keys", f.Default)
	c.want(f.Type != "checkbox" || f.Default == "true" || f.Default == "false", where, "the default %q is neither true nor false", f.Default)
	c.want(f.Type != "number" || err == nil, where, "the default %q is no whole number", f.Default)
	c.want(!f.Secret(), where, "a secret has no default")
}

// identifier reports whether id is a shell identifier: the platform passes each field as a variable of its name.
func identifier(id string) bool {
	for i, c := range []byte(id) {
		letter := c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return id != ""
}

// isPath reports whether a text is in the platform's path language: segments
// joined by dots, where [] is a segment of its own and an odd name is quoted, and
// behind them join or unique.
func isPath(text string) bool {
	const segment = `(?:[A-Za-z_][A-Za-z0-9_]*|\[\]|"[^"]+"|\["[^"]+"\]|\{[^}]+\})`
	return regexp.MustCompile(`^` + segment + `(?:\.` + segment + `)*(?:\s*\|\s*(?:join\([^)]*\)|unique\(\)))*$`).MatchString(text)
}

// booleanKeys have a boolean; every other value and every key is text.
var booleanKeys = []string{"required", "testable_connection", "require_proxy_config", "local_repo", "incident_artifacts", "use_in_triage"}

// checkText wants every key and value to be what a YAML 1.1 reader takes for text.
func (m Manifest) checkText(c *checker, file string) {
	data, err := fs.ReadFile(m.files, file)
	var root yaml.Node
	if err == nil {
		err = yaml.Load(data, &root)
	}
	if err != nil {
		c.errs = append(c.errs, err)
		return
	}
	c.textNode(file, "", &root)
}

func (c *checker) textNode(file, key string, n *yaml.Node) {
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			c.textNode(file, "", n.Content[i])
			c.textNode(file, n.Content[i].Value, n.Content[i+1])
		}
	case yaml.ScalarNode:
		c.scalar(fmt.Sprintf("%s:%d", file, n.Line), key, n)
	case yaml.AliasNode:
		c.bad(fmt.Sprintf("%s:%d", file, n.Line), "an alias is more than the platform is known to read")
	default:
		for _, child := range n.Content {
			c.textNode(file, key, child)
		}
	}
}

func (c *checker) scalar(where, key string, n *yaml.Node) {
	if slices.Contains(booleanKeys, key) {
		c.want(n.Style == 0 && (n.Value == "true" || n.Value == "false"), where, "%s must be true or false", key)
		return
	}
	c.want(n.Style != 0 || plainText(n.Value), where, "%q must be quoted: a YAML 1.1 reader does not take it for text", n.Value)
}

// plainText reports whether a YAML 1.1 reader takes an unquoted scalar for text
// (https://yaml.org/type/): what may be a number, a date, a boolean, a null or
// a merge key is not.
func plainText(s string) bool {
	switch strings.ToLower(s) {
	case "", "~", "null", "y", "n", "yes", "no", "on", "off", "true", "false", ".inf", ".nan", "=", "<<":
		return false
	}
	return !strings.ContainsAny(s[:1], "0123456789+-.")
}
