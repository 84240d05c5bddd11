package supervised

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"runtime"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// tab1Bytes writes a table by hand, from the format's description.
func tab1Bytes(rows, cols uint32, values ...float32) []byte {
	b := []byte("TAB1")
	b = binary.LittleEndian.AppendUint32(b, rows)
	b = binary.LittleEndian.AppendUint32(b, cols)
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return b
}

func TestReadTAB1(t *testing.T) {
	missing := float32(math.NaN())
	file := tab1Bytes(3, 2, 1, missing, 2, 0.25, 3, -1 /* labels */, 1, 0, 1 /* targets */, 7.5, 8.5, 9.5)
	d, err := ReadTAB1(bytes.NewReader(file), TAB1Options{})
	require.NoError(t, err)
	assert.Equal(t, Schema{Columns: []Column{{Name: "x0"}, {Name: "x1"}}, Target: "target"}, d.Schema())
	assert.Equal(t, []float64{7.5, 8.5, 9.5}, d.Targets())
	assert.Equal(t, []float64{2, 0.25}, d.Row(nil, 1))
	assert.True(t, math.IsNaN(d.Value(0, 1)))

	d, err = ReadTAB1(iotest.OneByteReader(bytes.NewReader(file)), TAB1Options{Label: true, Classify: true})
	require.NoError(t, err)
	assert.Equal(t, "label", d.Schema().Target)
	assert.Equal(t, []string{"0", "1"}, d.Schema().Classes)
	assert.Equal(t, []float64{1, 0, 1}, d.Targets())

	d, err = ReadTAB1(bytes.NewReader(file), TAB1Options{Classify: true})
	require.NoError(t, err)
	assert.Equal(t, []string{"7.5", "8.5", "9.5"}, d.Schema().Classes)
}

func TestReadTAB1Like(t *testing.T) {
	like := Schema{Columns: []Column{{Name: "a"}}, Target: "label", Classes: []string{"0", "1", "2"}}
	d, err := ReadTAB1(bytes.NewReader(tab1Bytes(2, 1, 5, 6, 2, 1, 0, 0)), TAB1Options{Like: &like})
	require.NoError(t, err)
	assert.Equal(t, like, d.Schema())
	assert.Equal(t, []float64{2, 1}, d.Targets(), "by name, though class 0 has no row")
	number := Schema{Columns: []Column{{Name: "a"}}, Target: "target"}
	d, err = ReadTAB1(bytes.NewReader(tab1Bytes(1, 1, 5, 0, 3.5)), TAB1Options{Like: &number})
	require.NoError(t, err)
	assert.Equal(t, []float64{3.5}, d.Targets())

	category := Schema{Columns: []Column{{Name: "a", Kind: Categorical, Levels: []string{"x"}}}, Target: "target"}
	for _, c := range []struct {
		file    []byte
		options TAB1Options
		want    error
	}{
		{tab1Bytes(1, 2, 5, 6, 1, 1), TAB1Options{Like: &number}, ErrWidth},
		{tab1Bytes(1, 1, 5, 3, 1), TAB1Options{Like: &like}, ErrLabel},
		{tab1Bytes(1, 1, 5, 3, 1), TAB1Options{Like: &like, Label: true}, ErrOptions},
		{tab1Bytes(1, 1, 5, 3, 1), TAB1Options{Like: &category}, ErrColumns},
		{tab1Bytes(1, 1, 5, 3, 1), TAB1Options{Like: &Schema{Target: "target"}}, ErrNoColumns},
		{tab1Bytes(1, 1, 5, 3, 1), TAB1Options{Like: &Schema{Columns: number.Columns, Target: "y"}}, ErrNoSuchColumn},
	} {
		assert.ErrorIs(t, errOf(ReadTAB1(bytes.NewReader(c.file), c.options)), c.want)
	}
}

func TestReadTAB1Refuses(t *testing.T) {
	good := tab1Bytes(2, 1, 1, 2, 0, 1, 3, 4)
	infinite, missing := float32(math.Inf(1)), float32(math.NaN())
	for _, c := range []struct {
		name  string
		bytes []byte
		want  error
		text  string
	}{
		{"nothing", nil, ErrTAB1, "byte 0: the table ends too early"},
		{"another format", []byte("a,b,c,d,e,f\n1,2,3,4"), ErrTAB1, "byte 0: no TAB1"},
		{"half a header", good[:6], ErrTAB1, "byte 4: "},
		{"cut in the features", good[:14], ErrTAB1, "byte 12: "},
		{"cut in the targets", good[:len(good)-1], ErrTAB1, "byte 32: "},
		{"a byte too many", append(bytes.Clone(good), 0), ErrTAB1, "byte 36: more bytes"},
		{"no rows", tab1Bytes(0, 3), ErrNoRows, ""},
		{"no columns", tab1Bytes(1, 0, 1, 1), ErrNoColumns, ""},
		{"a wide claim", tab1Bytes(1, 1<<20), ErrTooLarge, "1048576 columns"},
		{"an infinite feature", tab1Bytes(1, 1, infinite, 1, 1), ErrNotFinite, `column "x0", row 0`},
		{"an infinite target", tab1Bytes(1, 1, 1, 1, infinite), ErrNotFinite, "target of row 0"},
		{"a missing target", tab1Bytes(1, 1, 1, 1, missing), ErrNotFinite, "target of row 0"},
	} {
		d, err := ReadTAB1(bytes.NewReader(c.bytes), TAB1Options{})
		assert.Nil(t, d, c.name)
		assert.ErrorIs(t, err, c.want, c.name)
		assert.ErrorContains(t, err, c.text, c.name)
	}
	_, err := ReadTAB1(bytes.NewReader(tab1Bytes(1, 1, 1, missing, 1)), TAB1Options{Label: true, Classify: true})
	assert.ErrorIs(t, err, ErrNotFinite)
	broken := errors.New("disk on fire")
	_, err = ReadTAB1(io.MultiReader(bytes.NewReader(good), iotest.ErrReader(broken)), TAB1Options{})
	assert.ErrorIs(t, err, broken)
}

func TestTAB1RoundTrip(t *testing.T) {
	d := generated(t, 57, 3, true, 5)
	view, err := d.Subset([]int{4, 4, 0, 56, 12})
	require.NoError(t, err)
	for _, d := range []*Dataset{d, view} {
		var file bytes.Buffer
		require.NoError(t, WriteTAB1(&file, d))
		again, err := ReadTAB1(bytes.NewReader(file.Bytes()), TAB1Options{})
		require.NoError(t, err)
		require.Equal(t, d.Len(), again.Len())
		assert.Equal(t, d.Targets(), again.Targets())
		for i := range d.Len() {
			for j, v := range d.Row(nil, i) {
				require.Equal(t, math.Float64bits(float64(float32(v))), math.Float64bits(again.Value(i, j)))
			}
		}
		var twice bytes.Buffer
		require.NoError(t, WriteTAB1(&twice, again))
		assert.Equal(t, file.Bytes(), twice.Bytes())
	}
	huge := mustDataset(t, Data{Rows: [][]float64{{1}, {1e300}}, Target: []float64{1, 2}})
	err = WriteTAB1(io.Discard, huge)
	assert.ErrorIs(t, err, ErrNotFinite)
	assert.ErrorContains(t, err, "x0 of row 1")
	broken := errors.New("disk full")
	assert.ErrorIs(t, WriteTAB1(failingWriter{broken}, d), broken)
}

type failingWriter struct{ err error }

func (w failingWriter) Write([]byte) (int, error) { return 0, w.err }

// A header may claim four billion rows; memory follows the bytes that come.
func TestReadTAB1AllocatesByItsInput(t *testing.T) {
	file := append(tab1Bytes(math.MaxUint32, 20), make([]byte, 1<<20)...)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := ReadTAB1(bytes.NewReader(file), TAB1Options{})
	runtime.ReadMemStats(&after)
	require.ErrorIs(t, err, ErrTAB1)
	// Everything ever allocated: doubling leaves as much behind as it keeps, 4 + 4 bytes per byte.
	assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(8*len(file)+1<<17))
}

func FuzzReadTAB1(f *testing.F) {
	f.Add(tab1Bytes(2, 1, 1, 2, 0, 1, 3, 4), true, true)
	f.Add(tab1Bytes(1, 0, 1, 1), false, false)
	f.Add(tab1Bytes(math.MaxUint32, math.MaxUint32, 1), false, false)
	f.Add([]byte("TAB1"), false, true)
	f.Fuzz(func(t *testing.T, file []byte, label, classify bool) {
		d, err := ReadTAB1(bytes.NewReader(file), TAB1Options{Label: label, Classify: classify})
		if err != nil {
			require.Nil(t, d)
			return
		}
		require.Len(t, file, 12+4*d.Len()*(d.Width()+2))
		for i := range d.Len() {
			require.False(t, notFinite(d.Target(i)))
		}
	})
}
