package supervised

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestInferCSV(t *testing.T) {
	text := "a,b,c,d,y\n1,x,NA,,soon\n2,3,4,,5\n-1e3,7,late,,6\n"
	o, err := InferCSV(strings.NewReader(text), CSVOptions{Target: "y", Classify: true})
	require.NoError(t, err)
	assert.Equal(t, []string{"b", "c"}, o.Categorical)
	d, err := ReadCSV(strings.NewReader(text), o)
	require.NoError(t, err)
	assert.Equal(t, []string{"4", "late"}, d.Schema().Columns[2].Levels)
	assert.Equal(t, Numeric, d.Schema().Columns[3].Kind, "nothing speaks against numbers")

	given := CSVOptions{Target: "y", Categorical: []string{"a"}, Ignore: []string{"b"}}
	o, err = InferCSV(strings.NewReader(text), given)
	require.NoError(t, err)
	assert.Equal(t, []string{"a", "c"}, o.Categorical)
	assert.Equal(t, []string{"a"}, given.Categorical, "the caller's options stay")

	_, err = InferCSV(strings.NewReader("a,y\n1\n"), CSVOptions{Target: "y"})
	var at *CSVError
	require.ErrorAs(t, err, &at)
	assert.Equal(t, 2, at.Line)
	_, err = InferCSV(strings.NewReader(text), CSVOptions{Like: &Schema{}})
	assert.ErrorIs(t, err, ErrOptions)
}

func TestReadCSVLike(t *testing.T) {
	like := Schema{
		Columns: []Column{{Name: "queue", Kind: Categorical, Levels: []string{"long", "debug"}}, {Name: "procs"}},
		Target:  "state", Classes: []string{"ok", "failed"},
	}
	text := "procs,user,state,queue\n4,ann,failed,debug\n8,bob,ok,long\n"
	d, err := ReadCSV(strings.NewReader(text), CSVOptions{Like: &like, Group: "user"})
	require.NoError(t, err)
	assert.Equal(t, like, d.Schema(), "in its order, with its codes")
	assert.Equal(t, []float64{1, 4}, d.Row(nil, 0))
	assert.Equal(t, []float64{1, 0}, d.Targets())
	assert.Equal(t, 1, d.Group(1))

	unknown := "procs,state,queue\n4,ok,night\n"
	_, err = ReadCSV(strings.NewReader(unknown), CSVOptions{Like: &like})
	assert.ErrorIs(t, err, ErrLevel)
	assert.ErrorContains(t, err, `line 2, column "queue"`)
	d, err = ReadCSV(strings.NewReader(unknown), CSVOptions{Like: &like, UnknownMissing: true})
	require.NoError(t, err)
	assert.True(t, math.IsNaN(d.Value(0, 0)))
	_, err = ReadCSV(strings.NewReader("procs,state,queue\n4,soon,long\n"), CSVOptions{Like: &like, UnknownMissing: true})
	assert.ErrorIs(t, err, ErrLabel)
	_, err = ReadCSV(strings.NewReader("procs,state\n4,ok\n"), CSVOptions{Like: &like})
	assert.ErrorIs(t, err, ErrNoSuchColumn)
	_, err = ReadCSV(strings.NewReader(text), CSVOptions{Like: &like, Target: "state"})
	assert.ErrorIs(t, err, ErrOptions)
	_, err = ReadCSV(strings.NewReader(text), CSVOptions{Like: &like, Weight: "procs"})
	assert.ErrorIs(t, err, ErrOptions, "a feature cannot be the weight too")
	_, err = ReadCSV(strings.NewReader(text), CSVOptions{Like: &like, Weight: "state"})
	assert.ErrorIs(t, err, ErrOptions)
	_, err = ReadCSV(strings.NewReader(text), CSVOptions{Like: &Schema{Target: "procs", Columns: []Column{{Name: "procs"}}}})
	assert.ErrorIs(t, err, ErrOptions)
	_, err = ReadCSV(strings.NewReader("procs,queue\n4,long\n"), CSVOptions{Like: &like})
	assert.ErrorIs(t, err, ErrNoSuchColumn)
	d, err = ReadCSV(strings.NewReader(text), CSVOptions{Like: &Schema{Target: "state", Columns: like.Columns[1:], Classes: like.Classes}, Group: "user"})
	require.NoError(t, err)
	assert.Equal(t, 1, d.Width())
	_, err = ReadCSV(strings.NewReader(text), CSVOptions{Like: &Schema{Target: "state"}})
	assert.ErrorIs(t, err, ErrNoColumns)
}
