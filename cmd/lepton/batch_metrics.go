package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/leptonsched/lepton/sim"
)

// referenceMetrics is how many of sim.BatchMetricNames the reference files have; they come first.
const referenceMetrics = 8

// parseMetrics returns the names to write, in the order given.
func parseMetrics(text string) ([]string, error) {
	known := sim.BatchMetricNames()
	switch text {
	case "reference":
		return known[:referenceMetrics], nil
	case "all":
		return known, nil
	}
	var list []string
	for name := range strings.SplitSeq(text, ",") {
		name = strings.TrimSpace(name)
		if !slices.Contains(known, name) {
			return nil, fmt.Errorf("-metrics: unknown metric %q, want reference, all, or some of %s", name, strings.Join(known, ", "))
		}
		if slices.Contains(list, name) {
			return nil, fmt.Errorf("-metrics: %s is given twice", name)
		}
		list = append(list, name)
	}
	return list, nil
}

// metricText is the metric called name as the file has it: exact, and back to the same bits.
func metricText(m sim.BatchMetrics, name string) string {
	switch name {
	case "makespan":
		return strconv.FormatInt(m.Makespan, 10)
	case "last_start":
		return strconv.FormatInt(m.LastStart, 10)
	case "sum_wait":
		return strconv.FormatInt(m.SumWait, 10)
	case "max_wait":
		return strconv.FormatInt(m.MaxWait, 10)
	}
	v, _ := m.Value(name)
	return strconv.FormatFloat(v, 'g', -1, 64)
}
