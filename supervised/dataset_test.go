package supervised

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestNewDatasetRefuses(t *testing.T) {
	inf := math.Inf(1)
	category := []Column{{Name: "c", Kind: Categorical, Levels: []string{"p", "q"}}}
	one := [][]float64{{1}, {2}}
	for _, c := range []struct {
		name string
		data Data
		want error
		says string
	}{
		{"no rows", Data{}, ErrNoRows, ""},
		{"no columns", Data{Rows: [][]float64{{}}, Target: []float64{1}}, ErrNoColumns, ""},
		{"rows and columns", Data{Rows: one, ByColumn: one, Target: []float64{1, 2}}, ErrOptions, ""},
		{"ragged row", Data{Rows: [][]float64{{1}, {1, 2}}, Target: []float64{1, 2}}, ErrRagged, "row 1"},
		{"ragged column", Data{ByColumn: [][]float64{{1, 2}, {1}}, Target: []float64{1, 2}}, ErrRagged, "column 1"},
		{"fewer rows than targets", Data{Rows: one, Target: []float64{1, 2, 3}}, ErrRagged, "2 rows"},
		{"more names than columns", Data{Columns: []Column{{Name: "a"}, {Name: "b"}}, Rows: one, Target: []float64{1, 2}}, ErrRagged, "2 columns named"},
		{"same name", Data{Columns: []Column{{Name: "a"}, {Name: "a"}}, Rows: [][]float64{{1, 2}}, Target: []float64{1}}, ErrColumns, `"a" twice`},
		{"no name", Data{Columns: []Column{{}}, Rows: one, Target: []float64{1, 2}}, ErrColumns, "column 0"},
		{"levels of a number", Data{Columns: []Column{{Name: "a", Levels: yesNo}}, Rows: one, Target: []float64{1, 2}}, ErrColumns, "numeric"},
		{"category without levels", Data{Columns: []Column{{Name: "a", Kind: Categorical}}, Rows: one, Target: []float64{1, 2}}, ErrColumns, "no levels"},
		{"unknown kind", Data{Columns: []Column{{Name: "a", Kind: 9}}, Rows: one, Target: []float64{1, 2}}, ErrColumns, "kind 9"},
		{"infinite feature", Data{Columns: []Column{{Name: "a"}}, Rows: [][]float64{{1}, {inf}}, Target: []float64{1, 2}}, ErrNotFinite, `"a", row 1`},
		{"NaN target", Data{Rows: one, Target: []float64{1, nan}}, ErrNotFinite, "row 1"},
		{"infinite target", Data{Rows: one, Target: []float64{-inf, 1}}, ErrNotFinite, "row 0"},
		{"unknown level", Data{Columns: category, Rows: [][]float64{{1}, {2}}, Target: []float64{1, 2}}, ErrLevel, "row 1"},
		{"half a level", Data{Columns: category, Rows: [][]float64{{0.5}, {1}}, Target: []float64{1, 2}}, ErrLevel, "row 0"},
		{"label out of range", Data{Rows: one, Target: []float64{1, 2}, Classes: yesNo}, ErrLabel, "row 1"},
		{"negative label", Data{Rows: one, Target: []float64{-1, 1}, Classes: yesNo}, ErrLabel, "row 0"},
		{"same class", Data{Rows: one, Target: []float64{0, 1}, Classes: []string{"a", "a"}}, ErrColumns, `class "a"`},
		{"negative weight", Data{Rows: one, Target: []float64{0, 1}, Weights: []float64{1, -1}}, ErrWeight, "row 1"},
		{"NaN weight", Data{Rows: one, Target: []float64{0, 1}, Weights: []float64{1, nan}}, ErrWeight, "row 1"},
		{"no weight", Data{Rows: one, Target: []float64{0, 1}, Weights: []float64{0, 0}}, ErrWeight, "sum to 0"},
		{"short weights", Data{Rows: one, Target: []float64{0, 1}, Weights: []float64{1}}, ErrRagged, "1 weights"},
		{"short groups", Data{Rows: one, Target: []float64{0, 1}, Groups: []int{1}}, ErrRagged, "1 groups"},
		{"short times", Data{Rows: one, Target: []float64{0, 1}, Times: []float64{1}}, ErrRagged, "1 times"},
		{"NaN time", Data{Rows: one, Target: []float64{0, 1}, Times: []float64{1, nan}}, ErrNotFinite, "time of row 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, err := NewDataset(c.data)
			require.ErrorIs(t, err, c.want)
			assert.ErrorContains(t, err, c.says)
			assert.Nil(t, d)
		})
	}
}

func TestNewDatasetReportsAllFaultsTogether(t *testing.T) {
	_, err := NewDataset(Data{Rows: [][]float64{{math.Inf(1), math.Inf(-1)}}, Target: []float64{nan}, Groups: []int{1, 2}})
	for _, part := range []string{"target of row 0", `"x0"`, `"x1"`, "2 groups"} {
		assert.ErrorContains(t, err, part)
	}
}

func TestDatasetCopiesWhatItIsGiven(t *testing.T) {
	columns, target := [][]float64{{1, 2}, {3, nan}}, []float64{0, 1}
	d := mustDataset(t, Data{ByColumn: columns, Target: target, Classes: yesNo})
	columns[0][0], target[0] = 99, 1
	schema := d.Schema()
	schema.Columns[0].Name, schema.Classes[0] = "changed", "changed"
	assert.Equal(t, []float64{1, 3}, d.Row(nil, 0))
	assert.Equal(t, 0.0, d.Target(0))
	assert.Equal(t, "x0", d.Schema().Columns[0].Name)
	assert.Equal(t, yesNo, d.Schema().Classes)
	assert.True(t, math.IsNaN(d.Value(1, 1)))
}

func TestSubset(t *testing.T) {
	d := mustDataset(t, Data{
		Rows: [][]float64{{10}, {11}, {12}, {13}}, Target: []float64{0, 1, 2, 3},
		Weights: []float64{1, 2, 3, 4}, Groups: []int{5, 6, 7, 8}, Times: []float64{9, 8, 7, 6},
	})
	s, err := d.Subset([]int{3, 1, 1})
	require.NoError(t, err)
	s, err = s.Subset([]int{2, 0})
	require.NoError(t, err)
	for _, view := range []*Dataset{s, s.flat()} {
		assert.Equal(t, 2, view.Len())
		assert.Equal(t, []float64{1, 3}, view.Targets())
		assert.Equal(t, []float64{11}, view.Row(nil, 0))
		assert.Equal(t, []any{2.0, 6, 8.0}, []any{view.Weight(0), view.Group(0), view.Time(0)})
	}
	_, err = d.Subset(nil)
	assert.ErrorIs(t, err, ErrNoRows)
	_, err = s.Subset([]int{2})
	assert.ErrorIs(t, err, ErrRange)
	_, err = s.Subset([]int{-1})
	assert.ErrorIs(t, err, ErrRange)
}

func TestColumnCode(t *testing.T) {
	c := Column{Name: "queue", Kind: Categorical, Levels: []string{"debug", "long"}}
	assert.Equal(t, 1.0, c.Code("long"))
	assert.True(t, math.IsNaN(c.Code("short")))
}
