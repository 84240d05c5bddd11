package codec

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// record has one field of each sort.
type record struct {
	Bool     bool
	Uint8    uint8
	Uint32   uint32
	Uint64   uint64
	Int      int
	Float    float64
	String   string
	Blob     []byte
	Floats   []float64
	Floats32 []float32
	Uint64s  []uint64
	Strings  []string
}

func sample() record {
	return record{
		Bool: true, Uint8: 0xfe, Uint32: 0xdeadbeef, Uint64: math.MaxUint64, Int: math.MinInt64, Float: -0.1,
		String: "runtime in s — größer", Blob: []byte{0, 1, 255},
		Floats:   []float64{0, math.Copysign(0, -1), math.Inf(1), math.SmallestNonzeroFloat64},
		Floats32: []float32{1.5, -math.MaxFloat32}, Uint64s: []uint64{1, 1 << 63}, Strings: []string{"", "procs"},
	}
}

func (v record) encode() []byte {
	var w Writer
	w.Bool(v.Bool)
	w.Uint8(v.Uint8)
	w.Uint32(v.Uint32)
	w.Uint64(v.Uint64)
	w.Int(v.Int)
	w.Float(v.Float)
	w.String(v.String)
	w.Blob(v.Blob)
	w.Floats(v.Floats)
	w.Floats32(v.Floats32)
	w.Uint64s(v.Uint64s)
	w.Strings(v.Strings)
	return w.Bytes()
}

func decode(b []byte) (record, error) {
	r := NewReader(b)
	v := record{
		Bool: r.Bool(), Uint8: r.Uint8(), Uint32: r.Uint32(), Uint64: r.Uint64(), Int: r.Int(), Float: r.Float(),
		String: r.String(), Blob: r.Blob(), Floats: r.Floats(), Floats32: r.Floats32(), Uint64s: r.Uint64s(),
		Strings: r.Strings(),
	}
	return v, r.Close()
}

func TestFieldsRoundTrip(t *testing.T) {
	want := sample()
	got, err := decode(want.encode())
	require.NoError(t, err)
	assert.Equal(t, want, got)
	assert.True(t, math.Signbit(got.Floats[1]), "the sign of zero is kept")
}

func TestRandomFieldsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := record{
			Bool: rapid.Bool().Draw(t, "bool"), Uint8: rapid.Uint8().Draw(t, "uint8"),
			Uint32: rapid.Uint32().Draw(t, "uint32"), Uint64: rapid.Uint64().Draw(t, "uint64"),
			Int: rapid.Int().Draw(t, "int"), Float: rapid.Float64().Draw(t, "float"),
			String: rapid.String().Draw(t, "string"), Blob: rapid.SliceOf(rapid.Byte()).Draw(t, "blob"),
			Floats: rapid.SliceOf(rapid.Float64()).Draw(t, "floats"), Floats32: rapid.SliceOf(rapid.Float32()).Draw(t, "floats32"),
			Uint64s: rapid.SliceOf(rapid.Uint64()).Draw(t, "uint64s"), Strings: rapid.SliceOf(rapid.String()).Draw(t, "strings"),
		}
		b := want.encode()
		got, err := decode(b)
		if err != nil {
			t.Fatal(err)
		}
		assert.Equal(t, b, got.encode(), "what was read back writes the same bytes")
	})
}

func TestNaNKeepsItsBits(t *testing.T) {
	const bits = 0x7ff8dead00000001
	var w Writer
	w.Float(math.Float64frombits(bits))
	assert.Equal(t, uint64(bits), math.Float64bits(NewReader(w.Bytes()).Float()))
}

func TestEmptyListsRoundTrip(t *testing.T) {
	got, err := decode(record{}.encode())
	require.NoError(t, err)
	assert.Equal(t, record{Blob: []byte{}, Floats: []float64{}, Floats32: []float32{}, Uint64s: []uint64{}}, got)
}

func TestFieldsCutAnywhereNameThePlace(t *testing.T) {
	whole := sample().encode()
	for cut := range whole {
		_, err := decode(whole[:cut])
		require.ErrorIs(t, err, ErrCorrupt, "cut at %d", cut)
		require.Contains(t, err.Error(), "at byte ", "cut at %d", cut)
	}
}

func TestFirstFaultStands(t *testing.T) {
	r := NewReader([]byte{7, 1, 2})
	assert.False(t, r.Bool())
	assert.EqualError(t, r.Err(), "codec: corrupt data: a truth value of 7 at byte 0")
	r.Fail("another")
	assert.Zero(t, r.Uint8(), "reads after a fault are zero")
	assert.Zero(t, r.Int())
	assert.Empty(t, r.Floats())
	assert.Nil(t, r.Strings())
	assert.EqualError(t, r.Close(), "codec: corrupt data: a truth value of 7 at byte 0")
}

func TestFaultsNameTheirPlace(t *testing.T) {
	huge := func(count uint64) []byte {
		var w Writer
		w.Uint8(0)
		w.Uint64(count)
		w.Uint64(0) // eight bytes are left
		return w.Bytes()
	}
	tests := []struct {
		name string
		data []byte
		read func(*Reader)
		want string
	}{
		{"bytes left over", []byte{1, 2, 3}, func(r *Reader) { r.Uint8() }, "2 bytes too many at byte 1"},
		{"a caller's fault", []byte{1, 2}, func(r *Reader) { r.Uint8(); r.Fail("depth %d", 9) }, "depth 9 at byte 1"},
		{"no bytes", nil, func(r *Reader) { r.Uint32() }, "4 bytes wanted, 0 left at byte 0"},
		{"floats, one too many", huge(2), func(r *Reader) { r.Uint8(); r.Floats() }, "a count of 2 with 8 bytes left at byte 1"},
		{"floats, length overflows", huge(math.MaxUint64), func(r *Reader) { r.Uint8(); r.Floats() }, "a count of 18446744073709551615 with 8 bytes left at byte 1"},
		{"floats, bytes overflow", huge(1 << 61), func(r *Reader) { r.Uint8(); r.Floats() }, "a count of 2305843009213693952 with 8 bytes left at byte 1"},
		{"floats32", huge(3), func(r *Reader) { r.Uint8(); r.Floats32() }, "a count of 3 with 8 bytes left at byte 1"},
		{"uint64s", huge(2), func(r *Reader) { r.Uint8(); r.Uint64s() }, "a count of 2 with 8 bytes left at byte 1"},
		{"blob", huge(9), func(r *Reader) { r.Uint8(); r.Blob() }, "a count of 9 with 8 bytes left at byte 1"},
		{"string", huge(1 << 63), func(r *Reader) { r.Uint8(); _ = r.String() }, "a count of 9223372036854775808 with 8 bytes left at byte 1"},
		{"strings", huge(2), func(r *Reader) { r.Uint8(); r.Strings() }, "a count of 2 with 8 bytes left at byte 1"},
		{"count of nothing wide", huge(9), func(r *Reader) { r.Uint8(); r.Count(0) }, "a count of 9 with 8 bytes left at byte 1"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := NewReader(test.data)
			test.read(r)
			err := r.Close()
			require.ErrorIs(t, err, ErrCorrupt)
			assert.Equal(t, "codec: corrupt data: "+test.want, err.Error())
		})
	}
}

func TestBlobCannotBeGrownIntoItsNeighbour(t *testing.T) {
	var w Writer
	w.Blob([]byte{1})
	w.Uint8(2)
	r := NewReader(w.Bytes())
	_ = append(r.Blob(), 99)
	assert.Equal(t, uint8(2), r.Uint8())
}

func TestStringsOfOneFaultAreNil(t *testing.T) {
	var w Writer
	w.Int(2)
	w.String(strings.Repeat("x", 8))
	r := NewReader(w.Bytes())
	assert.Nil(t, r.Strings())
	assert.True(t, errors.Is(r.Err(), ErrCorrupt))
}
