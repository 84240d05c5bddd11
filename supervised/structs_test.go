package supervised

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type taggedJob struct {
	User    string        `lepton:"user,group"`
	Queue   string        `lepton:"queue,categorical"`
	App     uint16        `lepton:"app,categorical"`
	Procs   int           `lepton:"procs"`
	Memory  *float64      `lepton:"memory"`
	GPU     bool          `lepton:"gpu"`
	Submit  time.Time     `lepton:"submit,time"`
	End     time.Time     `lepton:"end,known"`
	Weight  float32       `lepton:"weight,weight"`
	Runtime time.Duration `lepton:"seconds,target"`
	Comment string
	Skipped int `lepton:"-"`
}

func taggedJobs() []taggedJob {
	memory := 2.5
	start := time.Unix(1000, 0)
	return []taggedJob{
		{"ann", "long", 10, 4, &memory, true, start, start.Add(time.Minute), 1, time.Minute, "x", 1},
		{"bob", "debug", 9, 8, nil, false, start.Add(1500 * time.Millisecond), start.Add(time.Hour), 0.5, 1500 * time.Millisecond, "", 2},
	}
}

func TestFromStructs(t *testing.T) {
	jobs := taggedJobs()
	d, err := FromStructs(jobs)
	require.NoError(t, err)
	want := Schema{Target: "seconds", Columns: []Column{
		{Name: "queue", Kind: Categorical, Levels: []string{"debug", "long"}},
		{Name: "app", Kind: Categorical, Levels: []string{"9", "10"}},
		{Name: "procs"}, {Name: "memory"}, {Name: "gpu"},
	}}
	assert.Equal(t, want, d.Schema())
	assert.Equal(t, []float64{1, 1, 4, 2.5, 1}, d.Row(nil, 0))
	assert.Equal(t, []float64{60, 1.5}, d.Targets())
	assert.True(t, math.IsNaN(d.Value(1, 3)), "a nil pointer is missing")
	assert.Equal(t, []int{0, 1}, []int{d.Group(0), d.Group(1)})
	assert.Equal(t, []float64{1000, 1001.5}, []float64{d.Time(0), d.Time(1)})
	assert.Equal(t, []float64{1060, 4600}, []float64{d.Known(0), d.Known(1)})
	assert.Equal(t, 0.5, d.Weight(1))

	reader, err := NewRowReader[taggedJob](d.Schema())
	require.NoError(t, err)
	var row []float64
	for i := range jobs {
		row = reader.Row(row, &jobs[i])
		for j, v := range d.Row(nil, i) {
			assert.Equal(t, math.Float64bits(v), math.Float64bits(row[j]), "row %d, column %d", i, j)
		}
	}
	jobs[0].Queue = "never seen"
	assert.True(t, math.IsNaN(reader.Row(nil, &jobs[0])[0]))
}

func TestFromStructsTargets(t *testing.T) {
	type outcome struct {
		X     float64 `lepton:"x"`
		State string  `lepton:"state,class"`
	}
	d, err := FromStructs([]outcome{{1, "ok"}, {2, "failed"}, {math.NaN(), "ok"}})
	require.NoError(t, err)
	assert.Equal(t, []string{"failed", "ok"}, d.Schema().Classes)
	assert.Equal(t, []float64{1, 0, 1}, d.Targets())
	assert.True(t, math.IsNaN(d.Value(2, 0)))

	_, err = FromStructs([]outcome{{1, "ok"}, {math.Inf(1), "ok"}})
	assert.ErrorIs(t, err, ErrNotFinite)
	assert.ErrorContains(t, err, "row 1, field X")
	_, err = FromStructs([]outcome{})
	assert.ErrorIs(t, err, ErrNoRows)
	type number struct {
		X float64  `lepton:"x"`
		Y *float64 `lepton:"y,target"`
	}
	_, err = FromStructs([]number{{X: 1}})
	assert.ErrorIs(t, err, ErrMissing)
	assert.ErrorContains(t, err, "row 0, field Y")
}

func TestStructTagsRefused(t *testing.T) {
	type noTarget struct {
		X float64 `lepton:"x"`
	}
	type hidden struct {
		x float64 `lepton:"x"`
		Y float64 `lepton:"y,target"`
	}
	type misspelt struct {
		X string  `lepton:"x,catgorical"`
		Y float64 `lepton:"y,target"`
	}
	type unnamed struct {
		X float64 `lepton:""`
		Y float64 `lepton:"y,target"`
	}
	type text struct {
		X string  `lepton:"x"`
		Y float64 `lepton:"y,target"`
	}
	type level struct {
		X float64 `lepton:"x,categorical"`
		Y float64 `lepton:"y,target"`
	}
	type twoTargets struct {
		X float64 `lepton:"x"`
		Y float64 `lepton:"y,target"`
		Z string  `lepton:"z,class"`
	}
	for _, c := range []struct {
		err  error
		want string
	}{
		{errOf(FromStructs([]int{1})), "int is no struct"},
		{errOf(FromStructs([]noTarget{{}})), "is a target or a class"},
		{errOf(FromStructs([]hidden{{x: 1}})), "field x has a tag but is not exported"},
		{errOf(FromStructs([]misspelt{{}})), `field X: what is "catgorical"?`},
		{errOf(FromStructs([]unnamed{{}})), "field X has no name"},
		{errOf(FromStructs([]text{{}})), "field X cannot be read from a string"},
		{errOf(FromStructs([]level{{}})), "field X cannot be read from a float64"},
		{errOf(FromStructs([]twoTargets{{}})), "fields Y and Z have the same role"},
	} {
		assert.ErrorIs(t, c.err, ErrTags)
		assert.ErrorContains(t, c.err, c.want)
	}
	s := Schema{Columns: []Column{{Name: "x", Kind: Categorical, Levels: []string{"a"}}, {Name: "nothing"}}, Target: "y"}
	_, err := NewRowReader[twoTargets](s)
	assert.ErrorIs(t, err, ErrTags)
	type plain struct {
		X float64 `lepton:"x"`
		Y float64 `lepton:"y,target"`
	}
	_, err = NewRowReader[plain](s)
	assert.ErrorIs(t, err, ErrNoSuchColumn)
	assert.ErrorIs(t, err, ErrColumns)
}

func errOf[T any](_ T, err error) error { return err }
