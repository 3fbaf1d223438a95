package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"time"
)

// figures are what one run of a process cost.
type figures struct {
	wall, cpu time.Duration
	peak      int64 // bytes of resident memory at the most
}

// contestant is a program to be measured.
type contestant struct {
	name string
	// prepare, where set, runs before each run and is not measured.
	prepare func() error
	command func() *exec.Cmd
	// check, where set, looks at what the run printed.
	check func(stdout []byte) error
	// peer is another's program: its failure ends its part, not the benchmark.
	peer bool
	out  error // why a peer left
	runs []figures
}

// once runs a contestant and adds its figures.
func (c *contestant) once() error {
	if c.prepare != nil {
		if err := c.prepare(); err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
	}
	cmd := c.command()
	// A file and not a pipe: a reader that keeps all of it would take its share of two cores.
	stdout, err := os.CreateTemp("", "bench-stdout")
	if err != nil {
		return err
	}
	defer stdout.Close()
	os.Remove(stdout.Name())
	var stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = stdout, &stderr
	began := time.Now()
	err = cmd.Start()
	var peak int64
	if err == nil {
		stop := make(chan struct{})
		watched := make(chan int64, 1)
		go func() { watched <- highWater(cmd.Process.Pid, stop) }()
		err = cmd.Wait()
		close(stop)
		peak = <-watched
	}
	wall := time.Since(began)
	if err != nil {
		return fmt.Errorf("%s: %w: %.300s", c.name, err, stderr.String())
	}
	if c.check != nil {
		out, err := io.ReadAll(io.NewSectionReader(stdout, 0, 1<<40))
		if err == nil {
			err = c.check(out)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
	}
	c.runs = append(c.runs, figures{wall: wall, cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), peak: peak})
	return nil
}

// highWater follows the peak of a process's resident memory, bytes. (The
// resource usage of a child would count its parent's memory before exec.)
func highWater(pid int, stop <-chan struct{}) (peak int64) {
	for {
		data, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if _, rest, ok := bytes.Cut(data, []byte("VmHWM:")); ok {
			var kib int64
			fmt.Sscan(string(rest[:min(40, len(rest))]), &kib)
			peak = max(peak, kib<<10)
		}
		select {
		case <-stop:
			return peak
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// race runs all contestants in turn, rounds times, after one round that is not counted.
func race(rounds int, all []*contestant) error {
	for i := range rounds + 1 {
		for _, c := range all {
			if c.out != nil {
				continue
			}
			if err := c.once(); err != nil && !c.peer {
				return err
			} else if err != nil {
				c.out = err
			}
		}
		if i == 0 {
			for _, c := range all {
				c.runs = nil
			}
		}
		fmt.Fprintf(os.Stderr, "round %d of %d done\n", i, rounds)
	}
	return nil
}

// table prints medians, and the ratio of the wall time to the first contestant's, run by run.
func table(all []*contestant) {
	fmt.Printf("| program | wall (median) | ratio to %s (median, min–max) | CPU | peak memory |\n|---|---|---|---|---|\n", all[0].name)
	for _, c := range all {
		if c.out != nil {
			fmt.Printf("| %s | failed: %.100q | | | |\n", c.name, c.out)
			continue
		}
		ratios := make([]float64, len(c.runs))
		for i := range c.runs {
			ratios[i] = float64(c.runs[i].wall) / float64(all[0].runs[i].wall)
		}
		slices.Sort(ratios)
		fmt.Printf("| %s | %.3f s | %.2f (%.2f–%.2f) | %.3f s | %.0f MB |\n", c.name,
			c.median(func(f figures) float64 { return f.wall.Seconds() }), ratios[len(ratios)/2], ratios[0], ratios[len(ratios)-1],
			c.median(func(f figures) float64 { return f.cpu.Seconds() }), c.median(func(f figures) float64 { return float64(f.peak) / 1e6 }))
	}
}

func (c *contestant) median(of func(figures) float64) float64 {
	values := make([]float64, len(c.runs))
	for i, f := range c.runs {
		values[i] = of(f)
	}
	slices.Sort(values)
	return values[len(values)/2]
}
