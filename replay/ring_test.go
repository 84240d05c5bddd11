package replay

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func encodeInt(dst []byte, v *uint64) []byte { return binary.LittleEndian.AppendUint64(dst, *v) }

func decodeInt(v *uint64, item []byte) error {
	if len(item) != 8 {
		return errors.New("want eight bytes")
	}
	*v = binary.LittleEndian.Uint64(item)
	return nil
}

// TestRingAgainstSlice plays random operations on a ring and on a plain slice.
func TestRingAgainstSlice(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		capacity := rapid.IntRange(1, 7).Draw(rt, "capacity")
		ring, err := NewRing[uint64](capacity)
		require.NoError(rt, err)
		var model []uint64
		added := uint64(0)
		add := func(put func(v uint64)) {
			added++
			put(added)
			model = append(model, added)
			if len(model) > capacity {
				model = model[1:]
			}
		}
		rt.Repeat(map[string]func(*rapid.T){
			"add":  func(*rapid.T) { add(ring.Add) },
			"next": func(*rapid.T) { add(func(v uint64) { *ring.Next() = v }) },
			"checkpoint": func(rt *rapid.T) {
				var file, again bytes.Buffer
				n, err := ring.Save(&file, encodeInt)
				require.NoError(rt, err)
				require.EqualValues(rt, file.Len(), n)
				ring, err = NewRing[uint64](capacity)
				require.NoError(rt, err)
				read, err := ring.Load(bytes.NewReader(file.Bytes()), decodeInt)
				require.NoError(rt, err)
				require.Equal(rt, n, read)
				_, err = ring.Save(&again, encodeInt)
				require.NoError(rt, err)
				require.Equal(rt, file.Bytes(), again.Bytes())
			},
			"": func(rt *rapid.T) {
				require.Equal(rt, capacity, ring.Cap())
				require.Equal(rt, len(model), ring.Len())
				require.Equal(rt, added-uint64(len(model)), ring.Overwritten())
				for i, v := range model {
					require.Equal(rt, v, *ring.At(i))
				}
			},
		})
	})
}

func TestRingRefuses(t *testing.T) {
	_, err := NewRing[int](0)
	assert.EqualError(t, err, "replay: capacity is 0, want 1 or more")

	ring, err := NewRing[uint64](4)
	require.NoError(t, err)
	for v := range uint64(6) {
		ring.Add(v)
	}
	var file bytes.Buffer
	_, err = ring.Save(&file, encodeInt)
	require.NoError(t, err)
	var sampler bytes.Buffer
	_, err = NewUniform(ring, 1).WriteTo(&sampler)
	require.NoError(t, err)

	smaller, err := NewRing[uint64](3)
	require.NoError(t, err)
	smaller.Add(99)
	broken := bytes.Clone(file.Bytes())
	broken[len(broken)-20] ^= 1
	for _, c := range []struct {
		name   string
		ring   *Ring[uint64]
		file   []byte
		decode func(*uint64, []byte) error
		want   error
	}{
		{"another capacity", smaller, file.Bytes(), decodeInt, ErrSettings},
		{"another kind", smaller, sampler.Bytes(), decodeInt, ErrSettings},
		{"cut short", smaller, file.Bytes()[:file.Len()-9], decodeInt, ErrCorrupt},
		{"a flipped bit", smaller, broken, decodeInt, ErrCorrupt},
		{"an item that does not decode", ring, file.Bytes(), func(*uint64, []byte) error { return ErrCorrupt }, ErrCorrupt},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := *c.ring.At(0)
			_, err := c.ring.Load(bytes.NewReader(c.file), c.decode)
			assert.ErrorIs(t, err, c.want)
			assert.Equal(t, before, *c.ring.At(0), "the ring stays as it was")
		})
	}
}

func TestUniform(t *testing.T) {
	ring, err := NewRing[int](10)
	require.NoError(t, err)
	batch := make([]*int, 1000)
	assert.Zero(t, NewUniform(ring, 1).Sample(batch), "nothing to draw from")

	for v := range 13 {
		ring.Add(v)
	}
	u := NewUniform(ring, 1)
	counts := map[int]float64{}
	for range 100 {
		require.Equal(t, len(batch), u.Sample(batch))
		for _, v := range batch {
			counts[*v]++
		}
	}
	chi := 0.0
	for v := 3; v < 13; v++ {
		chi += math.Pow(counts[v]-10_000, 2) / 10_000
	}
	assert.Len(t, counts, 10)
	assert.Less(t, chi, 27.88, "χ² with 9 degrees of freedom, p = 0.001")

	other := NewUniform(ring, 2)
	same := NewUniform(ring, 1)
	a, b, c := make([]*int, 50), make([]*int, 50), make([]*int, 50)
	NewUniform(ring, 1).Sample(a)
	same.Sample(b)
	other.Sample(c)
	assert.Equal(t, a, b)
	assert.NotEqual(t, a, c)
	assert.Zero(t, testing.AllocsPerRun(100, func() { u.Sample(batch) }))
}

func TestUniformContinuesAfterCheckpoint(t *testing.T) {
	ring, err := NewRing[uint64](10)
	require.NoError(t, err)
	for v := range uint64(17) {
		ring.Add(v)
	}
	u := NewUniform(ring, 5)
	a, b := make([]*uint64, 33), make([]*uint64, 33)
	u.Sample(a)
	var file bytes.Buffer
	_, err = ring.Save(&file, encodeInt)
	require.NoError(t, err)
	_, err = u.WriteTo(&file)
	require.NoError(t, err)

	ring2, err := NewRing[uint64](10)
	require.NoError(t, err)
	u2 := NewUniform(ring2, 99)
	_, err = ring2.Load(&file, decodeInt)
	require.NoError(t, err)
	saved := bytes.Clone(file.Bytes())
	_, err = u2.ReadFrom(&file)
	require.NoError(t, err)
	assert.Zero(t, file.Len(), "each takes its own bytes")
	for range 5 {
		u.Sample(a)
		u2.Sample(b)
		assert.Equal(t, a, b) // by value: the pointers lead to different rings
	}

	var before, after bytes.Buffer
	_, err = u2.WriteTo(&before)
	require.NoError(t, err)
	_, err = u2.ReadFrom(bytes.NewReader(saved[:len(saved)-1]))
	assert.ErrorIs(t, err, ErrCorrupt)
	_, err = u2.WriteTo(&after)
	require.NoError(t, err)
	assert.Equal(t, before.Bytes(), after.Bytes(), "a sampler that refused a file stays as it was")
}
