package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/leptonsched/lepton/sim"
)

// startRange is the starts from, from+step, … up to to, which is one of them.
type startRange struct{ from, to, step int }

// parseStarts reads "0,1000" and "0:9744:256". Nothing is expanded: a range can be longer than any trace.
func parseStarts(text string) ([]startRange, error) {
	var list []startRange
	for item := range strings.SplitSeq(text, ",") {
		var numbers []int
		for part := range strings.SplitSeq(strings.TrimSpace(item), ":") {
			n, err := strconv.Atoi(part)
			if err != nil || n < 0 {
				return nil, fmt.Errorf("-starts: %q is not a job, counted from 0, nor FROM:TO:STEP", item)
			}
			numbers = append(numbers, n)
		}
		r := startRange{from: numbers[0], to: numbers[0], step: 1}
		switch len(numbers) {
		case 1:
		case 3:
			r.to, r.step = numbers[1], numbers[2]
			if r.to < r.from || r.step == 0 {
				return nil, fmt.Errorf("-starts: %q is empty or never ends, want FROM:TO:STEP", item)
			}
			r.to -= (r.to - r.from) % r.step
		default:
			return nil, fmt.Errorf("-starts: %q has %d numbers, want one, or three as FROM:TO:STEP", item, len(numbers))
		}
		list = append(list, r)
	}
	return list, nil
}

// expandStarts lists the starts, each of which must have length jobs of trace before it and come once.
func expandStarts(ranges []startRange, length int, trace *sim.Trace) ([]int, error) {
	last := len(trace.Jobs) - length
	if last < 0 {
		return nil, fmt.Errorf("-length is %d, but %s has %d jobs", length, trace.Name, len(trace.Jobs))
	}
	var starts []int
	seen := make(map[int]bool)
	for _, r := range ranges {
		if r.to > last {
			return nil, fmt.Errorf("-starts: %d jobs from start %d on run past the end of %s, which has %d: the last start possible is %d",
				length, r.to, trace.Name, len(trace.Jobs), last)
		}
		for start := r.from; ; start += r.step {
			if seen[start] {
				return nil, fmt.Errorf("-starts: %d is given twice", start)
			}
			seen[start] = true
			starts = append(starts, start)
			if start == r.to {
				break
			}
		}
	}
	return starts, nil
}
