package scheduler

import (
	"errors"
	"strings"
	"testing"

	"github.com/leptonsched/lepton"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEverythingAfterClose(t *testing.T) {
	s := start(t, func(o *Options[pool, float64]) { o.Learner, o.Mode = newTally(), Live })
	ep, err := s.Episode(lepton.CreditOptions{ID: 1})
	require.NoError(t, err)
	d, err := ep.Decide(poolOf(2))
	require.NoError(t, err)
	var file strings.Builder
	require.NoError(t, s.Checkpoint(&file))
	require.NoError(t, s.Close())
	require.NoError(t, s.Close(), "twice does nothing")
	_, decideErr := s.Decide(poolOf(2))
	_, rankErr := s.Rank(poolOf(2), make([]float64, 2))
	_, recordErr := s.Record(poolOf(2), 0, 1)
	_, trainErr := s.Train(t.Context())
	_, setErr := s.SetPolicy(always(0))
	_, openErr := s.Episode(lepton.CreditOptions{})
	_, stepErr := ep.Decide(poolOf(2))
	for call, err := range map[string]error{
		"Decide": decideErr, "Rank": rankErr, "Record": recordErr, "Train": trainErr, "SetPolicy": setErr, "Episode": openErr,
		"Episode.Decide": stepErr, "End": ep.End(), "Cut": ep.Cut(poolOf(2)), "Report": s.Report(d.ID, 1), "Accrue": s.Accrue(d.ID, 1),
		"Cancel": s.Cancel(d.ID), "Chose": s.Chose(d.ID, 0, 1), "Rollback": s.Rollback(1), "Restore": s.Restore(strings.NewReader(file.String())),
	} {
		require.ErrorIs(t, err, ErrClosed, call)
	}
	require.NoError(t, s.Run(t.Context()))
	s.SetMode(Live)
	assert.True(t, s.isClosed(), "no mode opens it again")
	require.NoError(t, s.Checkpoint(&file), "what is there can still be saved")
}

type closingJournal struct {
	panickyJournal
	err error
}

func (j closingJournal) Close() error { return j.err }

func TestCloseClosesTheJournal(t *testing.T) {
	full := errors.New("disk full")
	s := start(t, func(o *Options[pool, float64]) { o.Journal = closingJournal{err: full} })
	require.ErrorIs(t, s.Close(), full)
}
