package qr

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode/decoder"
	"github.com/makiuchi-d/gozxing/qrcode/detector"
)

// What one look at a picture may cost. The library's own search takes every three of
// the marks that it finds, so a picture full of marks would keep it busy for hours.
const (
	maxMarks    = 60 // corners of codes: those seen most often
	maxSeen     = 400
	maxDecoded  = 80 // triples of marks that are read as a code
	rowStep     = 3  // pixels
	maxModules  = 180
	minModules  = 8
	mostUneven  = 0.5 // how far a triple may be from two equal sides and a right angle
	mostSpread  = 0.5 // how far the modules of its marks may differ
	twiceAtOnce = 2   // a mark is one that two rows show
)

// inMatrix reads the codes in a picture that is black and white. crowded tells that
// it has more marks than are looked at.
func inMatrix(ctx context.Context, m *gozxing.BitMatrix) (found []string, crowded bool) {
	marks, crowded := marksIn(ctx, m)
	used := map[*detector.FinderPattern]bool{}
	read := decoder.NewDecoder()
	for i, t := range triples(marks) {
		if i >= maxDecoded || ctx.Err() != nil {
			break
		}
		if used[t.marks[0]] || used[t.marks[1]] || used[t.marks[2]] {
			continue
		}
		bits, err := detector.NewDetector(m).ProcessFinderPatternInfo(detector.NewFinderPatternInfo(t.marks[0], t.marks[1], t.marks[2]))
		if err != nil {
			continue
		}
		code, err := read.Decode(bits.GetBits(), nil)
		if err != nil || code.GetText() == "" {
			continue
		}
		found = append(found, code.GetText())
		for _, p := range t.marks {
			used[p] = true
		}
	}
	return found, crowded
}

// marksIn finds the squares in the corners of codes: black, white, black, white and
// black again as 1:1:3:1:1, in both directions.
func marksIn(ctx context.Context, m *gozxing.BitMatrix) (marks []*detector.FinderPattern, crowded bool) {
	finder := detector.NewFinderPatternFinder(m, nil)
	counts := make([]int, 5)
	for y := rowStep - 1; y < m.GetHeight() && ctx.Err() == nil && !crowded; y += rowStep {
		detector.FinderPatternFinder_ClearCounts(counts)
		markInRow(finder, m, y, counts)
		crowded = len(finder.GetPossibleCenters()) > maxSeen
	}
	marks = slices.DeleteFunc(slices.Clone(finder.GetPossibleCenters()), func(p *detector.FinderPattern) bool { return p.GetCount() < twiceAtOnce })
	if len(marks) < 3 {
		marks = slices.Clone(finder.GetPossibleCenters())
	}
	slices.SortStableFunc(marks, func(a, b *detector.FinderPattern) int { return cmp.Compare(b.GetCount(), a.GetCount()) })
	return marks[:min(len(marks), maxMarks)], crowded || len(marks) > maxMarks
}

// markInRow looks at the runs of one row.
func markInRow(finder *detector.FinderPatternFinder, m *gozxing.BitMatrix, y int, counts []int) {
	state := 0
	for x := range m.GetWidth() {
		black := m.Get(x, y)
		if black == (state%2 == 0) {
			counts[state]++
			continue
		}
		if state < 4 { // white before the first black is the one case that does not count
			if black || counts[0] > 0 {
				state++
				counts[state]++
			}
			continue
		}
		if detector.FinderPatternFinder_foundPatternCross(counts) && finder.HandlePossibleCenter(counts, y, x) {
			detector.FinderPatternFinder_ClearCounts(counts)
			state = 0
			continue
		}
		detector.FinderPatternFinder_ShiftCounts2(counts)
		state = 3
	}
	if detector.FinderPatternFinder_foundPatternCross(counts) {
		finder.HandlePossibleCenter(counts, y, m.GetWidth())
	}
}

// triple is what may be the corners of a code: bottom left, top left, top right.
type triple struct {
	marks  [3]*detector.FinderPattern
	uneven float64
}

// triples are all that have the shape of a code, the best first.
func triples(marks []*detector.FinderPattern) (all []triple) {
	for i, a := range marks {
		for j, b := range marks[i+1:] {
			for _, c := range marks[i+1+j+1:] {
				if t, ok := newTriple(a, b, c); ok {
					all = append(all, t)
				}
			}
		}
	}
	slices.SortStableFunc(all, func(a, b triple) int { return cmp.Compare(a.uneven, b.uneven) })
	return all
}

func newTriple(a, b, c *detector.FinderPattern) (t triple, ok bool) {
	sizes := []float64{a.GetEstimatedModuleSize(), b.GetEstimatedModuleSize(), c.GetEstimatedModuleSize()}
	low, high := slices.Min(sizes), slices.Max(sizes)
	if high-low > mostSpread*low {
		return t, false
	}
	left, top, right := gozxing.ResultPoint_OrderBestPatterns(a, b, c)
	t.marks = [3]*detector.FinderPattern{left.(*detector.FinderPattern), top.(*detector.FinderPattern), right.(*detector.FinderPattern)} //nolint:forcetypeassert // those given
	down, across, diagonal := gozxing.ResultPoint_Distance(top, left), gozxing.ResultPoint_Distance(top, right), gozxing.ResultPoint_Distance(left, right)
	modules := (down + across) / (low + high)
	if modules < minModules || modules > maxModules {
		return t, false
	}
	uneven := math.Abs(down-across)/min(down, across) + math.Abs(diagonal-math.Hypot(down, across))/diagonal
	t.uneven = uneven + (high-low)/low/4
	return t, uneven <= mostUneven
}
