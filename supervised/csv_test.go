package supervised

import (
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestReadCSV(t *testing.T) {
	text := "\ufeffuser,procs,memo,queue,weight,at,state\n" +
		"10,4,x,long,1,0,failed\n" +
		"9,NA,x,debug,2,5,done\n" +
		"10, 8 ,x,,0.5,7,done\n"
	d, err := ReadCSV(strings.NewReader(text), CSVOptions{
		Target: "state", Classify: true, Categorical: []string{"queue"}, Ignore: []string{"memo"},
		Weight: "weight", Group: "user", Time: "at",
	})
	require.NoError(t, err)
	assert.Equal(t, Schema{
		Columns: []Column{{Name: "procs"}, {Name: "queue", Kind: Categorical, Levels: []string{"debug", "long"}}},
		Target:  "state", Classes: []string{"done", "failed"},
	}, d.Schema())
	assert.Equal(t, []float64{1, 0, 0}, d.Targets())
	assert.Equal(t, []float64{4, 1}, d.Row(nil, 0))
	assert.True(t, math.IsNaN(d.Value(1, 0)))
	assert.True(t, math.IsNaN(d.Value(2, 1)))
	assert.Equal(t, 8.0, d.Value(2, 0))
	assert.Equal(t, []int{1, 0, 1}, []int{d.Group(0), d.Group(1), d.Group(2)}, "9 sorts before 10")
	assert.Equal(t, 0.5, d.Weight(2))
	assert.Equal(t, 7.0, d.Time(2))
}

func TestReadCSVRefuses(t *testing.T) {
	number := CSVOptions{Target: "y"}
	for _, c := range []struct {
		name, text string
		options    CSVOptions
		want       error
		line       int
		column     string
	}{
		{"empty file", "", number, ErrNoRows, 1, ""},
		{"header only", "a,y\n", number, ErrNoRows, 2, ""},
		{"no target named", "a,y\n1,2\n", CSVOptions{}, ErrOptions, 1, ""},
		{"target not there", "a,b\n1,2\n", number, ErrNoSuchColumn, 1, ""},
		{"category not there", "a,y\n1,2\n", CSVOptions{Target: "y", Categorical: []string{"q"}}, ErrNoSuchColumn, 1, ""},
		{"two roles", "a,y\n1,2\n", CSVOptions{Target: "y", Weight: "y"}, ErrOptions, 1, ""},
		{"duplicate header", "a,a,y\n1,2,3\n", number, ErrColumns, 1, ""},
		{"unnamed column", "a,,y\n1,2,3\n", number, ErrColumns, 1, ""},
		{"short row", "a,y\n1,2\n3\n", number, ErrRagged, 3, ""},
		{"long row", "a,y\n1,2,3\n", number, ErrRagged, 2, ""},
		{"text in a number", "a,y\n1,2\nsoon,3\n", number, ErrNotNumber, 3, "a"},
		{"text in the target", "a,y\n1,soon\n", number, ErrNotNumber, 2, "y"},
		{"infinite feature", "a,y\n1,2\n\nInf,3\n", number, ErrNotFinite, 4, "a"},
		{"overflow", "a,y\n1e999,2\n", number, ErrNotFinite, 2, "a"},
		{"infinite target", "a,y\n1,-inf\n", number, ErrNotFinite, 2, "y"},
		{"missing target", "a,y\n1,2\n1,\n", number, ErrMissing, 3, "y"},
		{"missing class", "a,y\n1,NA\n", CSVOptions{Target: "y", Classify: true}, ErrMissing, 2, "y"},
		{"missing weight", "a,w,y\n1,,2\n", CSVOptions{Target: "y", Weight: "w"}, ErrMissing, 2, "w"},
		{"missing group", "a,g,y\n1,,2\n", CSVOptions{Target: "y", Group: "g"}, ErrMissing, 2, "g"},
		{"open quote", "a,y\n1,\"2\n3,4\n", number, nil, 3, ""},
		{"bare quote", "a,y\n1,2\"\n", number, nil, 2, ""},
		{"long line", "a,y\n1,2\n" + strings.Repeat("9", 9000) + ",1\n", CSVOptions{Target: "y", MaxLine: 100}, ErrTooLong, 3, ""},
		{"long header", strings.Repeat("a", 9000), CSVOptions{Target: "y", MaxLine: 100}, ErrTooLong, 1, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, err := ReadCSV(strings.NewReader(c.text), c.options)
			require.Error(t, err)
			assert.Nil(t, d)
			var at *CSVError
			require.ErrorAs(t, err, &at)
			assert.Equal(t, c.line, at.Line, err)
			assert.Equal(t, c.column, at.Column, err)
			if c.want != nil {
				assert.ErrorIs(t, err, c.want)
			}
		})
	}
	t.Run("only a target", func(t *testing.T) {
		_, err := ReadCSV(strings.NewReader("y\n1\n"), number)
		assert.ErrorIs(t, err, ErrNoColumns)
	})
	t.Run("negative weight", func(t *testing.T) {
		_, err := ReadCSV(strings.NewReader("a,w,y\n1,-1,1\n"), CSVOptions{Target: "y", Weight: "w"})
		assert.ErrorIs(t, err, ErrWeight)
	})
	t.Run("failing reader", func(t *testing.T) {
		broken := errors.New("disk on fire")
		_, err := ReadCSV(io.MultiReader(strings.NewReader("a,y\n1,2\n"), iotest.ErrReader(broken)), number)
		assert.ErrorIs(t, err, broken)
	})
}

// An endless line must be refused after about MaxLine bytes, not read until memory is gone.
func TestReadCSVReadsNoMoreThanALineMayTake(t *testing.T) {
	endless := &zeros{}
	_, err := ReadCSV(io.MultiReader(strings.NewReader("a,y\n\""), endless), CSVOptions{Target: "y", MaxLine: 1 << 16})
	require.ErrorIs(t, err, ErrTooLong)
	assert.LessOrEqual(t, endless.delivered, 1<<17)
}

type zeros struct{ delivered int }

func (z *zeros) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '0'
	}
	z.delivered += len(p)
	return len(p), nil
}

func FuzzReadCSV(f *testing.F) {
	for _, text := range []string{
		"a,y\n1,2\n", "a,y\n1,\n", "a,b,y\nx,NA,p\ny,2,q\n", "\ufeffa,y\n\"1\n2\",3\n", "y\n1\n", "a,y\r\n1,2\r\n", "\"", ",,\n,,\n",
	} {
		f.Add(text, true)
		f.Add(text, false)
	}
	f.Fuzz(func(t *testing.T, text string, classify bool) {
		o := CSVOptions{Target: "y", Classify: classify}
		if strings.HasPrefix(text, "a,b") {
			o.Categorical = []string{"a"}
		}
		d, err := ReadCSV(strings.NewReader(text), o)
		if err != nil {
			require.Nil(t, d)
			return
		}
		for i := range d.Len() {
			require.False(t, notFinite(d.Target(i)))
			require.Len(t, d.Row(nil, i), d.Width())
		}
	})
}
