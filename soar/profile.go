package soar

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"example.org/imap-integration/soar/profile"
)

// ParseProfile reads the setting cloud_soar_routes: routes alone, as [ParseRoutes]
// takes them, or a whole profile of the API, whose operations bring their routes.
// The profile is nil for routes alone. The error lists every mistake.
func ParseProfile(text string) (Routes, *profile.Profile, error) {
	if !profile.Is(text) {
		routes, err := ParseRoutes(text)
		return routes, nil, err
	}
	p, err := profile.Parse(text)
	if err != nil {
		return nil, nil, err
	}
	routes, mistakes := Routes{}, []error(nil)
	calls := p.Calls()
	for _, name := range slices.Sorted(maps.Keys(calls)) {
		route, err := cutRoute(name, calls[name])
		if err == nil {
			err = route.check(name, knownRoutes()[name], func(place string) bool { return p.Names(name, place) })
		}
		if err != nil {
			mistakes = append(mistakes, fmt.Errorf("operations.%w", err))
			continue
		}
		routes[name] = route
	}
	return routes, p, errors.Join(mistakes...)
}
