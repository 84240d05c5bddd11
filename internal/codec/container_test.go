package codec

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"flag"
	"io"
	"math"
	"os"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var rewrite = flag.Bool("rewrite", false, "rewrite the golden files in testdata")

func container(t testing.TB, kind string, payload []byte) []byte {
	t.Helper()
	var buf bytes.Buffer
	n, err := WriteContainer(&buf, kind, payload)
	require.NoError(t, err)
	require.EqualValues(t, buf.Len(), n)
	return buf.Bytes()
}

func TestContainerRoundTrip(t *testing.T) {
	big := bytes.Repeat([]byte("0123456789"), 3*firstChunk/10)
	for name, payload := range map[string][]byte{
		"empty": {}, "one byte": {7}, "one chunk": big[:firstChunk], "one more": big[:firstChunk+1], "many chunks": big,
	} {
		t.Run(name, func(t *testing.T) {
			file := container(t, "policy/linear", payload)
			kind, got, n, err := ReadContainer(iotest.OneByteReader(bytes.NewReader(file)))
			require.NoError(t, err)
			assert.Equal(t, "policy/linear", kind)
			assert.True(t, bytes.Equal(payload, got))
			assert.EqualValues(t, len(file), n)
		})
	}
}

func TestContainersFollowEachOther(t *testing.T) {
	r := bytes.NewReader(append(container(t, "a", []byte{1}), container(t, "b", []byte{2})...))
	for i, want := range []string{"a", "b"} {
		kind, payload, _, err := ReadContainer(r)
		require.NoError(t, err)
		assert.Equal(t, want, kind)
		assert.Equal(t, []byte{byte(i + 1)}, payload)
	}
	_, _, n, err := ReadContainer(r)
	assert.ErrorIs(t, err, ErrCorrupt, "a container that is not there is no container")
	assert.Zero(t, n)
}

// A flipped or cut byte is an error that names the place, whatever the byte.
func TestContainerFlippedAnywhere(t *testing.T) {
	whole := container(t, "kind", sample().encode())
	for at := range whole {
		for bit := range 8 {
			file := bytes.Clone(whole)
			file[at] ^= 1 << bit
			_, payload, _, err := ReadContainer(bytes.NewReader(file))
			require.Error(t, err, "bit %d of byte %d", bit, at)
			require.Nil(t, payload)
			require.True(t, errors.Is(err, ErrCorrupt) || errors.Is(err, ErrVersion), "%v", err)
			require.Contains(t, err.Error(), "at byte ")
			require.False(t, errors.Is(err, ErrVersion) && (at < 4 || at > 7), "byte %d: %v", at, err)
		}
	}
}

func TestContainerCutAnywhere(t *testing.T) {
	whole := container(t, "kind", bytes.Repeat([]byte{3}, 100))
	for cut := range whole {
		_, payload, n, err := ReadContainer(bytes.NewReader(whole[:cut]))
		require.ErrorIs(t, err, ErrCorrupt, "cut at %d", cut)
		require.Nil(t, payload)
		require.EqualValues(t, cut, n)
		require.True(t, strings.HasPrefix(err.Error(), "codec: corrupt data: ends inside the "), "%v", err)
		require.Contains(t, err.Error(), "at byte ")
	}
}

func TestContainerHeaders(t *testing.T) {
	head := func(version uint32, kindLen, length uint64) []byte {
		b := binary.LittleEndian.AppendUint32([]byte(magic), version)
		b = binary.LittleEndian.AppendUint64(b, kindLen)
		return binary.LittleEndian.AppendUint64(b, length)
	}
	tests := []struct {
		name string
		file []byte
		is   error
		want string
	}{
		{"another file", []byte("PK\x03\x04 and so on, a zip archive"), ErrCorrupt, `codec: corrupt data: not a Lepton file (no "LEPT" at byte 0)`},
		{"newer format", head(2, 0, 0), ErrVersion, "codec: written by a newer version: format 2 at byte 4, known up to 1"},
		{"format 0", head(0, 0, 0), ErrCorrupt, "codec: corrupt data: format 0 at byte 4"},
		{"long kind", head(1, 257, 0), ErrCorrupt, "codec: corrupt data: a kind of 257 bytes at byte 8"},
		{"longest kind", head(1, math.MaxUint64, 0), ErrCorrupt, "codec: corrupt data: a kind of 18446744073709551615 bytes at byte 8"},
		{"payload beyond the cap", head(1, 0, 1<<32+1), ErrCorrupt, "codec: corrupt data: a payload of 4294967297 bytes at byte 16"},
		{"payload not there", head(1, 0, 1<<32), ErrCorrupt, "codec: corrupt data: ends inside the payload at byte 24"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, _, _, err := ReadContainer(bytes.NewReader(test.file))
			require.ErrorIs(t, err, test.is)
			assert.Equal(t, test.want, err.Error())
		})
	}
}

func TestContainerRefusesToWriteWhatItCannotRead(t *testing.T) {
	var buf bytes.Buffer
	n, err := WriteContainer(&buf, strings.Repeat("k", 257), nil)
	assert.Error(t, err)
	assert.Zero(t, n)
	assert.Zero(t, buf.Len(), "no partial file")
	longest := strings.Repeat("k", 256)
	kind, _, _, err := ReadContainer(bytes.NewReader(container(t, longest, nil)))
	require.NoError(t, err)
	assert.Equal(t, longest, kind)
}

func TestContainerPassesOnWhatItsStreamsReport(t *testing.T) {
	broken := errors.New("disk on fire")
	file := container(t, "kind", make([]byte, 50))
	_, _, n, err := ReadContainer(io.MultiReader(bytes.NewReader(file[:40]), iotest.ErrReader(broken)))
	require.ErrorIs(t, err, broken)
	assert.NotErrorIs(t, err, ErrCorrupt, "the file may be whole")
	assert.Equal(t, "codec: reading the payload at byte 40: disk on fire", err.Error())
	assert.EqualValues(t, 40, n)

	for room := range len(file) {
		n, err := WriteContainer(&fullDisk{room: room, err: broken}, "kind", make([]byte, 50))
		require.ErrorIs(t, err, broken)
		require.EqualValues(t, room, n)
	}
}

// fullDisk takes room bytes.
type fullDisk struct {
	room int
	err  error
}

func (d *fullDisk) Write(p []byte) (int, error) {
	n := min(len(p), d.room)
	d.room -= n
	if n < len(p) {
		return n, d.err
	}
	return n, nil
}

// Everything that ReadContainer and the Reader allocate together stays below 4 times the input + 64 KiB,
// for whole files, cut files, and lists of empty strings, whose headers weigh most.
func TestMemoryIsBoundedByTheInput(t *testing.T) {
	var empties Writer
	empties.Strings(make([]string, 1<<18))
	files := map[string][]byte{
		"whole":         container(t, "k", make([]byte, 3<<20)),
		"cut":           container(t, "k", make([]byte, 3<<20))[:2<<20+1],
		"false length":  append(container(t, "k", nil)[:17], 0, 0, 0, 0, 1, 0, 0, 0),
		"empty strings": container(t, "k", empties.Bytes()),
	}
	for name, file := range files {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, payload, _, err := ReadContainer(bytes.NewReader(file))
			r := NewReader(payload)
			names := r.Strings()
			runtime.ReadMemStats(&after)
			assert.LessOrEqual(t, after.TotalAlloc-before.TotalAlloc, uint64(4*len(file)+64<<10))
			if name == "empty strings" {
				require.NoError(t, err)
				assert.Len(t, names, 1<<18)
			}
		})
	}
}

// The file of format version 1 stays readable for ever.
func TestGoldenVersion1(t *testing.T) {
	const path = "testdata/container_v1.hex"
	if *rewrite {
		require.NoError(t, os.WriteFile(path, []byte(dump(container(t, "golden", sample().encode()))), 0o644))
	}
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	file, err := hex.DecodeString(strings.Join(strings.Fields(string(text)), ""))
	require.NoError(t, err)
	kind, payload, _, err := ReadContainer(bytes.NewReader(file))
	require.NoError(t, err)
	assert.Equal(t, "golden", kind)
	got, err := decode(payload)
	require.NoError(t, err)
	assert.Equal(t, sample(), got)
	assert.Equal(t, file, container(t, kind, payload), "today's writer writes version 1")
}

// dump writes b in lines of sixteen bytes.
func dump(b []byte) string {
	var s strings.Builder
	for ; len(b) > 0; b = b[min(16, len(b)):] {
		s.WriteString(hex.EncodeToString(b[:min(16, len(b))]) + "\n")
	}
	return s.String()
}

// FuzzReadContainer: no panic; what is accepted writes the same bytes.
func FuzzReadContainer(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte(magic))
	f.Add(container(f, "kind", sample().encode()))
	f.Add(container(f, "", nil))
	f.Fuzz(func(t *testing.T, file []byte) {
		kind, payload, n, err := ReadContainer(bytes.NewReader(file))
		if err != nil {
			require.True(t, errors.Is(err, ErrCorrupt) || errors.Is(err, ErrVersion), "%v", err)
			require.Contains(t, err.Error(), "at byte ")
			return
		}
		require.Equal(t, file[:n], container(t, kind, payload))
	})
}

// FuzzReader: no panic, no value beyond the data; what is accepted writes the same bytes.
func FuzzReader(f *testing.F) {
	f.Add(record{}.encode())
	f.Add(sample().encode())
	f.Fuzz(func(t *testing.T, payload []byte) {
		got, err := decode(payload)
		if err != nil {
			require.ErrorIs(t, err, ErrCorrupt)
			require.Contains(t, err.Error(), "at byte ")
			return
		}
		require.Equal(t, payload, got.encode())
	})
}
