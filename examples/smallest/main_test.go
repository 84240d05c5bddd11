package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/scheduler"
)

func Example() {
	main()
	// Output: 2100 decisions; in shadow the learned policy agreed on 10 of 100
}

// The incumbent takes the idle worker, which is slow; what was learned must not.
func TestLearnedAvoidsTheSlowWorker(t *testing.T) {
	s, err := newScheduler()
	require.NoError(t, err)
	pool := []Worker{{"a", 2}, {"b", 1}, {"c", 0}}
	share := func(n int) float64 {
		slow := 0
		for range n {
			d, err := s.Decide(pool)
			require.NoError(t, err)
			require.NoError(t, s.Report(d.ID, work(pool[d.Action])))
			_, err = s.Train(t.Context())
			require.NoError(t, err)
			if d.Action == 2 && d.Arm != lepton.ArmExplored {
				slow++
			}
		}
		return float64(slow) / float64(n)
	}
	assert.Greater(t, share(2000), 0.7, "the incumbent's habit")
	s.SetMode(scheduler.Live)
	assert.Less(t, share(500), 0.2, "what was learned")
}
