package policy_test

import (
	"bytes"
	"encoding/hex"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/codec"
	"github.com/leptonsched/lepton/policy"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var rewrite = flag.Bool("rewrite", false, "rewrite golden files")

// savedModel is a model from elsewhere that can be saved.
type savedModel struct{ slope uint8 }

func (m savedModel) Predict(x []float64) float64 { return float64(m.slope) * x[len(x)-1] }
func (savedModel) Kind() string                  { return "test.model" }
func (m savedModel) WriteTo(w io.Writer) (int64, error) {
	n, err := w.Write([]byte{m.slope})
	return int64(n), err
}

var decoder = policy.Decoder{Part: func(kind string, r io.Reader) (any, error) {
	if kind != "test.model" {
		return nil, fmt.Errorf("no part %q", kind)
	}
	b, err := io.ReadAll(r)
	if err != nil || len(b) != 1 {
		return nil, fmt.Errorf("bad model %x: %v", b, err)
	}
	return savedModel{b[0]}, nil
}}

// everything nests each kind that can be saved.
func everything(tb testing.TB) lepton.Policy {
	tb.Helper()
	spec := lepton.Spec{StateDim: 2, ActionDim: 3, StateNames: []string{"load", "hour"}, ActionNames: []string{"cores", "wait", "age"}}
	l, err := policy.NewLinear(spec, []float64{0.5, -1, 2, 0.125, -3}, nil)
	require.NoError(tb, err)
	return must(policy.Mix([]float64{1, 2, 3, 4}, []lepton.Policy{
		policy.Uniform(),
		policy.Greedy(l),
		must(policy.EpsilonGreedy(fromModel(tb, savedModel{3}), 0.25)),
		must(policy.Softmax(l, 0.5)),
	}))
}

func save(tb testing.TB, p any) []byte {
	tb.Helper()
	var b bytes.Buffer
	n, err := p.(lepton.Saver).WriteTo(&b)
	require.NoError(tb, err)
	require.EqualValues(tb, b.Len(), n)
	return b.Bytes()
}

func TestDecodeReturnsWhatWasWritten(t *testing.T) {
	p := everything(t)
	file := save(t, p)
	require.Equal(t, file, save(t, p), "written twice, not the same")
	back, err := decoder.DecodePolicy("policy.mix", bytes.NewReader(file))
	require.NoError(t, err)
	assert.Equal(t, file, save(t, back))
	obs := candidates(20, 2, 3, 5)
	assert.Equal(t, probs(p, obs), probs(back, obs))
	assert.Equal(t, p.(lepton.Specced).Spec(), back.(lepton.Specced).Spec())
}

// The golden file holds the first format; it must stay readable for ever.
func TestGoldenFile(t *testing.T) {
	const name = "testdata/everything.v1.hex"
	if *rewrite {
		require.NoError(t, os.WriteFile(name, []byte(hex.Dump(save(t, everything(t)))), 0o644))
	}
	want, err := os.ReadFile(name)
	require.NoError(t, err)
	assert.Equal(t, string(want), hex.Dump(save(t, everything(t))))
}

func TestDecodeRefuses(t *testing.T) {
	file := save(t, everything(t))
	nest := func(depth int) []byte {
		p := policy.Uniform()
		for range depth {
			p = must(policy.Mix([]float64{1}, []lepton.Policy{p}))
		}
		return save(t, p)
	}
	for _, c := range []struct {
		name, kind string
		file       []byte
		want       error
	}{
		{"another kind", "policy.greedy", file, policy.ErrKind},
		{"a part from elsewhere", "", file, policy.ErrKind},
		{"a scorer", "", save(t, linear(t, 2, 3, 1)), policy.ErrKind},
		{"a kind from elsewhere", "", container("rl.qlearning", nil), policy.ErrKind},
		{"nested too deeply", "", nest(16), policy.ErrDepth},
		{"empty", "", nil, policy.ErrCorrupt},
		{"cut", "", file[:len(file)-1], policy.ErrCorrupt},
		{"left over", "", container("policy.uniform", []byte{1}), policy.ErrCorrupt},
		{"a count that cannot be", "", container("policy.mix", bytes.Repeat([]byte{255}, 16)), policy.ErrCorrupt},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := policy.Decode(c.kind, bytes.NewReader(c.file))
			assert.ErrorIs(t, err, c.want)
		})
	}
	_, err := policy.Decode("", bytes.NewReader(nest(15)))
	assert.NoError(t, err)

	for i := range file { // the checksum of the whole catches a flip anywhere
		bad := bytes.Clone(file)
		bad[i] ^= 4
		_, err := decoder.DecodePolicy("", bytes.NewReader(bad))
		require.Error(t, err, "byte %d", i)
	}
}

// Decode leaves what follows a policy unread, so that policies can stand in a larger file.
func TestDecodeReadsNoFurther(t *testing.T) {
	r := io.MultiReader(bytes.NewReader(save(t, policy.Uniform())), strings.NewReader("rest"))
	_, err := policy.Decode("policy.uniform", r)
	require.NoError(t, err)
	rest, err := io.ReadAll(r)
	require.NoError(t, err)
	assert.Equal(t, "rest", string(rest))
}

func container(kind string, payload []byte) []byte {
	var b bytes.Buffer
	if _, err := codec.WriteContainer(&b, kind, payload); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// FuzzDecode feeds payloads, since a checksum stands before everything else.
func FuzzDecode(f *testing.F) {
	for _, p := range []any{everything(f), policy.Uniform(), policy.Greedy(linear(f, 2, 3, 1)), linear(f, 2, 3, 1)} {
		kind, payload, _, err := codec.ReadContainer(bytes.NewReader(save(f, p)))
		require.NoError(f, err)
		f.Add(kind, payload)
	}
	obs := candidates(3, 2, 3, 1)
	f.Fuzz(func(t *testing.T, kind string, payload []byte) {
		if len(kind) > 256 {
			return
		}
		file := container(kind, payload)
		p, err := decoder.DecodePolicy(kind, bytes.NewReader(file))
		if err != nil {
			return
		}
		if again := save(t, p); !bytes.Equal(file, again) {
			t.Fatalf("read %x, wrote %x", file, again)
		}
		probs(p, obs)
	})
}

// Nesting copies nothing: memory stays within a small multiple of the file.
func TestDecodeAllocatesNoMoreThanTheFileAllows(t *testing.T) {
	l, err := policy.NewLinear(lepton.Spec{ActionDim: 1 << 16}, make([]float64, 1<<16), nil)
	require.NoError(t, err)
	p := policy.Greedy(l)
	for range 14 {
		p = must(policy.Mix([]float64{1}, []lepton.Policy{p}))
	}
	file := save(t, p)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err = policy.Decode("", bytes.NewReader(file))
	runtime.ReadMemStats(&after)
	require.NoError(t, err)
	// Reading the container doubles a buffer until it fits; the weights are then decoded and cloned.
	assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(8*len(file)))
}
