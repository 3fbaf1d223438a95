package local

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"example.org/imap-integration/message"
	"example.org/imap-integration/soar"
)

// mailSizes are log-normal with a median of 12 KB, as email is; 10,000 have about 410 MB.
func mailSizes(n int) []int {
	random := rand.New(rand.NewPCG(1, 2))
	sizes := make([]int, n)
	for i := range sizes {
		sizes[i] = min(int(12_000*math.Exp(random.NormFloat64()*1.58)), 20_000_000)
	}
	return sizes
}

// BenchmarkSave saves 10,000 emails in groups of 4 MiB into a fresh store.
// Compare with the raw drain of such a mailbox: docs/performance.md.
func BenchmarkSave(b *testing.B) {
	sizes := mailSizes(10_000)
	total := int64(0)
	for _, n := range sizes {
		total += int64(n)
	}
	b.SetBytes(total)
	raw := make([]byte, 20_000_000)
	for i := range raw {
		raw[i] = byte(' ' + i%90)
	}
	for b.Loop() {
		s := newStore(b)
		var group []*soar.Draft
		bytes := 0
		for i, n := range sizes {
			d := draft(message.UID(i+1), fmt.Sprint(i))
			d.Raw = raw[:n]
			d.BodyText, d.BodyHTML = string(raw[:min(n/4, 65536)]), string(raw[:min(n/4, 65536)])
			d.Headers = soar.Headers{{Name: "Received", Values: []string{string(raw[:500]), string(raw[:500])}}}
			group, bytes = append(group, d), bytes+n
			if bytes >= 4<<20 || i == len(sizes)-1 {
				save(b, s, group...)
				group, bytes = nil, 0
			}
		}
		ids := make([]soar.ID, len(sizes))
		for i := range ids {
			ids[i] = soar.NumberID(int64(i + 1))
		}
		if err := s.HandedOver(context.Background(), ids); err != nil {
			b.Fatal(err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
