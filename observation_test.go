package lepton_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/leptonsched/lepton"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// queue is a state for tests: what a dispatcher might know.
type queue struct {
	load    float64
	waiting []job
}

type job struct {
	id    uint64
	procs float64
	fits  bool
}

// queueEncoder states the load and the length of the queue; extra lets it break its word.
type queueEncoder struct{ dim, extra int }

func (e queueEncoder) StateDim() int { return e.dim }
func (e queueEncoder) AppendState(dst []float64, s queue) []float64 {
	dst = append(dst, s.load, float64(len(s.waiting)))
	for range e.extra {
		dst = append(dst, -1)
	}
	return dst[:len(dst)+min(e.extra, 0)]
}

// queueActions offers the waiting jobs.
type queueActions struct{ n, dim int }

func (a queueActions) ActionSpec() (n, dim int) { return a.n, a.dim }
func (a queueActions) Offer(set lepton.ActionSet, s queue) {
	for _, j := range s.waiting {
		if row := set.Add(j.id, j.fits); a.dim > 0 {
			row[0] = j.procs
		}
	}
}

var three = queue{load: 0.5, waiting: []job{{id: 7, procs: 4, fits: true}, {id: 8, procs: 64}, {id: 9, procs: 2, fits: true}}}

func TestEncode(t *testing.T) {
	var o lepton.Observation
	require.NoError(t, lepton.Encode(&o, queueEncoder{dim: 2}, queueActions{dim: 2}, three, 0))
	assert.Equal(t, []float64{0.5, 3}, o.State())
	assert.Equal(t, 3, o.Len())
	assert.Equal(t, 3, o.Offered())
	assert.Equal(t, 2, o.LegalCount())
	assert.Equal(t, 2, o.ActionDim())
	assert.Equal(t, []float64{4, 0, 64, 0, 2, 0}, o.Rows(), "what the space does not set is 0")
	assert.Equal(t, []float64{64, 0}, o.Action(1))
	assert.Equal(t, uint64(8), o.ID(1))
	assert.True(t, o.Legal(0))
	assert.False(t, o.Legal(1))
}

func TestEncodeReportsABrokenWord(t *testing.T) {
	tests := []struct {
		name    string
		enc     queueEncoder
		actions queueActions
		is      error
		want    string
		state   []float64
	}{
		{"a value too many", queueEncoder{dim: 2, extra: 1}, queueActions{dim: 1}, lepton.ErrStateDim,
			"lepton: the encoder appended a wrong number of values: 3 instead of 2", []float64{0, 0}},
		{"a value too few", queueEncoder{dim: 2, extra: -1}, queueActions{dim: 1}, lepton.ErrStateDim,
			"lepton: the encoder appended a wrong number of values: 1 instead of 2", []float64{0, 0}},
		{"a dimension below 0", queueEncoder{dim: -1}, queueActions{dim: 1}, lepton.ErrStateDim,
			"lepton: the encoder appended a wrong number of values: 2 instead of -1", []float64{}},
		{"a fixed space one short", queueEncoder{dim: 2}, queueActions{n: 4, dim: 1}, lepton.ErrActionCount,
			"lepton: a fixed action space offered a wrong number of actions: 3 instead of 4", []float64{0.5, 3}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var o lepton.Observation
			err := lepton.Encode(&o, test.enc, test.actions, three, 0)
			require.ErrorIs(t, err, test.is)
			assert.EqualError(t, err, test.want)
			assert.Equal(t, test.state, o.State(), "a state of the right length")
			assert.Equal(t, 3, o.Len(), "the actions are still there")
			assert.Equal(t, []float64{4, 64, 2}, o.Rows())
		})
	}
}

func TestEncodeReportsBothFaults(t *testing.T) {
	var o lepton.Observation
	err := lepton.Encode(&o, queueEncoder{dim: 9}, queueActions{n: 9, dim: 1}, three, 0)
	assert.ErrorIs(t, err, lepton.ErrStateDim)
	assert.ErrorIs(t, err, lepton.ErrActionCount)
}

func TestEncodeOfANegativeActionDimDoesNotPanic(t *testing.T) {
	var o lepton.Observation
	require.NoError(t, lepton.Encode(&o, queueEncoder{dim: 2}, queueActions{dim: -3}, three, 0))
	assert.Equal(t, 3, o.Len())
	assert.Empty(t, o.Action(2))
	assert.Error(t, lepton.SpecOf(queueEncoder{dim: 2}, queueActions{dim: -3}).Validate())
}

func TestEncodeForgetsTheLastUse(t *testing.T) {
	var o lepton.Observation
	big := queue{load: 9, waiting: make([]job, 50)}
	for i := range big.waiting {
		big.waiting[i] = job{id: uint64(i), procs: 77, fits: true}
	}
	require.NoError(t, lepton.Encode(&o, queueEncoder{dim: 2}, queueActions{dim: 3}, big, 0))
	require.NoError(t, lepton.Encode(&o, queueEncoder{dim: 2}, queueActions{dim: 2}, three, 0))
	var fresh lepton.Observation
	require.NoError(t, lepton.Encode(&fresh, queueEncoder{dim: 2}, queueActions{dim: 2}, three, 0))
	assert.Equal(t, contents(&fresh), contents(&o))
}

func TestLimitDropsAndCounts(t *testing.T) {
	var o lepton.Observation
	require.NoError(t, lepton.Encode(&o, queueEncoder{dim: 2}, queueActions{n: 3, dim: 1}, three, 2))
	assert.Equal(t, 2, o.Len())
	assert.Equal(t, 3, o.Offered(), "a fixed space that was cut has kept its word")
	assert.Equal(t, 1, o.LegalCount(), "what was dropped does not count as legal")
	assert.Equal(t, []float64{4, 64}, o.Rows())

	row := o.Actions().Add(10, true)
	row[0] = 99
	assert.Equal(t, []float64{4, 64}, o.Rows(), "a dropped row is a scratch one")
	assert.Equal(t, 2, o.Actions().Len())
	assert.Equal(t, 4, o.Offered())
}

func TestRowsDoNotOverlap(t *testing.T) {
	var o lepton.Observation
	o.Reset(2, 0)
	for i := range 3 {
		row := o.Actions().Add(uint64(i), true)
		row[0] = float64(i)
		_ = append(row, 42) // beyond its length: must not reach the next row
	}
	_ = append(o.Action(0), 42)
	assert.Equal(t, []float64{0, 0, 1, 0, 2, 0}, o.Rows())
}

func TestAnEmptyObservation(t *testing.T) {
	var o, copied lepton.Observation
	assert.Zero(t, o.Len()+o.LegalCount()+o.Offered()+o.ActionDim())
	assert.Empty(t, o.State())
	assert.Empty(t, o.Rows())
	copied.CopyFrom(&o)
	assert.Equal(t, contents(&o), contents(&copied))
	o.SetState([]float64{1})
	o.Reset(0, 0)
	o.Actions().Add(3, true)
	assert.Empty(t, o.State())
	assert.Empty(t, o.Action(0), "a row of no features")
}

func TestSetStateCopies(t *testing.T) {
	var o lepton.Observation
	v := []float64{1, 2}
	o.SetState(v)
	v[0] = 9
	assert.Equal(t, []float64{1, 2}, o.State())
	o.GrowState(3)
	assert.Equal(t, []float64{0, 0, 0}, o.State(), "zeroes, whatever was there")
	o.GrowState(-1)
	assert.Empty(t, o.State())
	o.SetOffered(12)
	assert.Equal(t, 12, o.Offered())
}

// contents is all that can be read from an observation.
func contents(o *lepton.Observation) string {
	s := fmt.Sprintf("state %v dim %d offered %d legal %d:", o.State(), o.ActionDim(), o.Offered(), o.LegalCount())
	for i := range o.Len() {
		s += fmt.Sprintf(" %d %v %v", o.ID(i), o.Legal(i), o.Action(i))
	}
	return s
}

func drawObservation(t *rapid.T, label string) *lepton.Observation {
	var o lepton.Observation
	dim := rapid.IntRange(0, 4).Draw(t, label+" dim")
	o.Reset(dim, rapid.IntRange(0, 6).Draw(t, label+" limit"))
	o.SetState(rapid.SliceOfN(rapid.Float64(), 0, 4).Draw(t, label+" state"))
	for range rapid.IntRange(0, 8).Draw(t, label+" actions") {
		row := o.Actions().Add(rapid.Uint64().Draw(t, label+" id"), rapid.Bool().Draw(t, label+" legal"))
		for i := range row {
			row[i] = rapid.Float64().Draw(t, label+" feature")
		}
	}
	return &o
}

func TestCopyFromIsDeep(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dst, src := drawObservation(t, "dst"), drawObservation(t, "src")
		want := contents(src)
		dst.CopyFrom(src)
		assert.Equal(t, want, contents(dst))
		for i := range src.Rows() {
			src.Rows()[i] = 1e300
		}
		src.Reset(1, 0)
		src.SetState([]float64{7, 7, 7, 7})
		src.Actions().Add(1, true)
		assert.Equal(t, want, contents(dst), "a copy shares nothing")
		dst.CopyFrom(dst)
		assert.Equal(t, want, contents(dst), "a copy of itself")
	})
}

func TestLegalCountIsTheNumberOfLegal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := drawObservation(t, "obs")
		legal := 0
		for i := range o.Len() {
			if o.Legal(i) {
				legal++
			}
		}
		assert.Equal(t, legal, o.LegalCount())
		assert.GreaterOrEqual(t, o.Offered(), o.Len())
		assert.Len(t, o.Rows(), o.Len()*o.ActionDim())
	})
}

func TestEncodeAllocatesNothing(t *testing.T) {
	var o, copied lepton.Observation
	wide := queue{waiting: make([]job, 1213)}
	allocs := testing.AllocsPerRun(20, func() {
		if err := lepton.Encode(&o, queueEncoder{dim: 2}, queueActions{dim: 20}, wide, 0); err != nil {
			t.Fatal(err)
		}
		copied.CopyFrom(&o)
	})
	assert.Zero(t, allocs)
	cut := testing.AllocsPerRun(20, func() {
		if err := lepton.Encode(&o, queueEncoder{dim: 2}, queueActions{dim: 20}, wide, 8); err != nil {
			t.Fatal(err)
		}
	})
	assert.Zero(t, cut)
}

func TestManyReadersShareAnObservation(t *testing.T) {
	var o lepton.Observation
	require.NoError(t, lepton.Encode(&o, queueEncoder{dim: 2}, queueActions{dim: 2}, three, 0))
	want := contents(&o)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() { assert.Equal(t, want, contents(&o)) })
	}
	wg.Wait()
}
