package features_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leptonsched/lepton/features"
	"github.com/leptonsched/lepton/leptontest"
)

// TestConformance runs the kit for the two interfaces over what the builders make.
func TestConformance(t *testing.T) {
	pools := []*Pool{
		{Workers: []Worker{{ID: 1, Slots: 4, Up: true}}},
		{Queued: 1 << 40, Kind: "?", Oldest: -time.Hour, Workers: []Worker{{5, 9, 0, true}, {6, -1, 2, false}, {7, 3, 3, true}}},
		{Queued: 3, Kind: "web", Oldest: time.Minute, Workers: make([]Worker, 0, 3)},
	}
	pools[2].Workers = append(pools[2].Workers, Worker{9, 1, 2, true})

	enc, err := features.State(
		features.Numeric("queued", func(p *Pool) int { return p.Queued }),
		features.Log1p("oldest", func(p *Pool) time.Duration { return p.Oldest }),
		features.LogBucket("queue", 1, 10, 5, func(p *Pool) int { return p.Queued }),
		features.OneHot("kind", []string{"batch", "web"}, func(p *Pool) string { return p.Kind }),
		features.Hashed("name", 8, 1, func(p *Pool) string { return p.Kind }),
		features.TimeOfDay("day", func(p *Pool) time.Time { return time.Unix(0, int64(p.Oldest)) }),
	)
	require.NoError(t, err)
	t.Run("State", func(t *testing.T) { leptontest.StateEncoder(t, enc, pools, leptontest.EncoderOptions{}) })

	type candidate = features.Candidate[*Pool, Worker]
	workers, err := features.Candidates(
		func(p *Pool) []Worker { return p.Workers },
		func(w Worker) uint64 { return w.ID },
		features.Legal(func(c candidate) bool { return c.Action.Up }),
		features.Ratio("load", func(c candidate) (int, int) { return c.Action.Running, c.Action.Slots }),
		features.HashedID("id", 4, 1, func(c candidate) uint64 { return c.Action.ID }),
	)
	require.NoError(t, err)
	t.Run("Candidates", func(t *testing.T) { leptontest.ActionSpace(t, workers, pools, leptontest.SpaceOptions{}) })

	actions := []string{"hold", "add", "remove"}
	replicas, err := features.Discrete(actions,
		features.OneHotAction[*Pool](actions...),
		features.Legal(func(c features.Candidate[*Pool, int]) bool { return c.Action != 2 || len(c.State.Workers) > 1 }),
		features.Bool("crowded", func(c features.Candidate[*Pool, int]) bool { return c.State.Queued > 3 }),
	)
	require.NoError(t, err)
	t.Run("Discrete", func(t *testing.T) { leptontest.ActionSpace(t, replicas, pools, leptontest.SpaceOptions{}) })
}
