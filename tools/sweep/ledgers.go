package main

import (
	"context"
	"net"
	"net/http"
	"path/filepath"
	"time"

	"example.org/imap-integration/soar"
	"example.org/imap-integration/soar/local"
)

// file is a local store; it is looked into only between runs.
type file struct{ path string }

func openLocal(dir string) (ledger, error) { return &file{filepath.Join(dir, "soar.db")}, nil }

func (f *file) params() map[string]any {
	return map[string]any{"cloud_soar_api_url": "local:" + f.path}
}

func (f *file) keys() (map[string]int, error) {
	s, err := local.Open(context.Background(), f.path, local.Options{})
	if err != nil {
		return nil, err
	}
	defer s.Close()
	return keysOf(s)
}

func (f *file) close() {}

func keysOf(s *local.Store) (map[string]int, error) {
	n := map[string]int{}
	for number := 1; ; number++ {
		page, err := s.Search(context.Background(), soar.Query{PageSize: 100, PageNumber: number})
		if err != nil {
			return nil, err
		}
		for _, r := range page.Records {
			n[r.SourceKey]++
		}
		if len(page.Records) < 100 {
			return n, nil
		}
	}
}

// served is the project's own Cloud SOAR API over a local store.
type served struct {
	store  *local.Store
	server *http.Server
	url    string
	keyed  map[string]any
}

func openServed(dir string) (ledger, error) {
	s, err := local.Open(context.Background(), filepath.Join(dir, "served.db"), local.Options{})
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	handler, keyed, err := handlerOf(s)
	if err != nil {
		return nil, err
	}
	v := &served{store: s, server: &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}, url: "http://" + l.Addr().String(), keyed: keyed}
	go v.server.Serve(l)
	return v, nil
}

func (s *served) params() map[string]any {
	p := map[string]any{"cloud_soar_api_url": s.url}
	for k, v := range s.keyed {
		p[k] = v
	}
	return p
}

func (s *served) keys() (map[string]int, error) { return keysOf(s.store) }

func (s *served) close() {
	s.server.Close()
	s.store.Close()
}

func openForgetful(string) (ledger, error) { return forgetfulLedger() }

func forgetfulLedger() (ledger, error) {
	f, err := newForgetful()
	if err != nil {
		return nil, err
	}
	return &rest{f}, nil
}

type rest struct{ f *forgetful }

func (r *rest) params() map[string]any {
	return map[string]any{"cloud_soar_api_url": r.f.url, "jwt_token": "sweep"}
}
func (r *rest) keys() (map[string]int, error) { return r.f.keys(), nil }
func (r *rest) close()                        { r.f.close() }

// handlerOf makes the API over a store, and the parameters to call it with.
func handlerOf(s *local.Store) (http.Handler, map[string]any, error) {
	keys, _, err := s.Keys(context.Background(), false)
	if err != nil {
		return nil, nil, err
	}
	handler, err := local.NewHandler(context.Background(), s, local.HandlerOptions{})
	return handler, map[string]any{"access_id": keys.AccessID, "access_key": keys.AccessKey}, err
}
