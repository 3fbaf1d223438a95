package main

import (
	"bytes"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"time"

	gomessage "github.com/emersion/go-message"
	_ "github.com/emersion/go-message/charset" // decodes charsets, as ours does

	"example.org/imap-integration/message"
	"example.org/imap-integration/soar"
)

// parse reads the emails of the bulk mailbox on one core: our reader with all
// that a record needs (texts, charsets, HTML as text, three digests of each
// file), its structure alone, and go-message streaming every part to nowhere.
func parse(rounds int) error {
	var emails [][]byte
	total := 0
	for i := range number("BENCH_MAILS", 10_000) {
		raw := bytes.ReplaceAll(realMail.mail(i), []byte("\r\n"), []byte("\n"))
		raw = bytes.ReplaceAll(raw, []byte("\n"), []byte("\r\n"))
		emails, total = append(emails, raw), total+len(raw)
	}
	runtime.GOMAXPROCS(1)
	limits := message.DefaultLimits()
	readers := []struct {
		name string
		read func([]byte)
	}{
		{"ours, the whole record", func(raw []byte) { soar.Describe(message.Parse(raw, limits)) }},
		{"ours, every part decoded, texts in UTF-8", func(raw []byte) { decodeAll(message.Parse(raw, limits)) }},
		{"ours, structure and headers", func(raw []byte) { message.Parse(raw, limits) }},
		{"go-message, every part decoded, texts in UTF-8, streaming", stream},
	}
	took := make([][]time.Duration, len(readers))
	for range rounds {
		for i, r := range readers {
			start := time.Now()
			for _, raw := range emails {
				r.read(raw)
			}
			took[i] = append(took[i], time.Since(start))
		}
	}
	fmt.Printf("%d emails, %.0f MB, one core, median of %d rounds\n\n| reader | MB/s |\n|---|---|\n", len(emails), float64(total)/1e6, rounds)
	for i, r := range readers {
		slices.Sort(took[i])
		fmt.Printf("| %s | %.0f |\n", r.name, float64(total)/1e6/took[i][rounds/2].Seconds())
	}
	return nil
}

// decodeAll decodes every part of an email.
func decodeAll(m *message.Message) {
	m.Walk(func(p *message.Part) bool {
		if strings.HasPrefix(p.MediaType, "text/") {
			p.Text()
		} else {
			p.Decoded()
		}
		return true
	})
}

// stream reads every part of an email to its end.
func stream(raw []byte) {
	e, err := gomessage.Read(bytes.NewReader(raw))
	if e == nil {
		panic(err)
	}
	err = e.Walk(func(_ []int, part *gomessage.Entity, err error) error {
		if err != nil {
			return err
		}
		// A multipart's body is read by Walk itself.
		if kind, _, _ := part.Header.ContentType(); !strings.HasPrefix(kind, "multipart/") {
			_, err = io.Copy(io.Discard, part.Body)
		}
		return err
	})
	if err != nil {
		panic(err) // an email that was not read whole would count as fast
	}
}
