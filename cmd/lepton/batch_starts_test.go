package main

import (
	"testing"

	"github.com/leptonsched/lepton/sim"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestStarts(t *testing.T) {
	trace := &sim.Trace{Name: "site", Jobs: make([]sim.Job, 1000)}
	for text, want := range map[string][]int{
		"0":               {0},
		"744":             {744},
		"5, 3":            {5, 3},
		"0:744:256":       {0, 256, 512},
		"0:512:256,1":     {0, 256, 512, 1},
		"7:7:1":           {7},
		"10:12:1,100":     {10, 11, 12, 100},
		"700:744:9999999": {700},
	} {
		t.Run(text, func(t *testing.T) {
			ranges, err := parseStarts(text)
			require.NoError(t, err)
			starts, err := expandStarts(ranges, 256, trace)
			require.NoError(t, err)
			assert.Equal(t, want, starts)
		})
	}
	for text, fault := range map[string]string{
		"":                        "is not a job",
		"a":                       "is not a job",
		"-1":                      "is not a job",
		"1.5":                     "is not a job",
		"1,":                      "is not a job",
		"99999999999999999999":    "is not a job",
		"0:5":                     "has 2 numbers",
		"0:1:2:3":                 "has 4 numbers",
		"0:744:0":                 "never ends",
		"9:8:1":                   "is empty",
		"745":                     "the last start possible is 744",
		"0:9223372036854775807:1": "the last start possible is 744",
		"5,5":                     "5 is given twice",
		"0:744:256,256":           "256 is given twice",
	} {
		t.Run("fault "+text, func(t *testing.T) {
			ranges, err := parseStarts(text)
			if err == nil {
				_, err = expandStarts(ranges, 256, trace)
			}
			assert.ErrorContains(t, err, fault)
		})
	}
	_, err := expandStarts([]startRange{{0, 0, 1}}, 1001, trace)
	assert.ErrorContains(t, err, "site has 1000 jobs")
}

// FuzzStarts: no panic, no work beyond the trace; what is accepted lies within it, and each start comes once.
func FuzzStarts(f *testing.F) {
	for _, text := range []string{"0,100", "0:744:256", "9:8:1", "0:9223372036854775807:9223372036854775807", ",:,"} {
		f.Add(text, 256)
	}
	trace := &sim.Trace{Jobs: make([]sim.Job, 1000)}
	f.Fuzz(func(t *testing.T, text string, length int) {
		ranges, err := parseStarts(text)
		if err != nil || length < 1 {
			return
		}
		starts, err := expandStarts(ranges, length, trace)
		if err != nil {
			return
		}
		seen := map[int]bool{}
		for _, s := range starts {
			if s < 0 || s+length > 1000 || seen[s] {
				t.Fatalf("start %d of %d jobs", s, length)
			}
			seen[s] = true
		}
	})
}
