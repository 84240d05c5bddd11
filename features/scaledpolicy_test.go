package features_test

import (
	"bytes"
	"encoding/hex"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/features"
	"github.com/leptonsched/lepton/internal/codec"
	"github.com/leptonsched/lepton/internal/rng"
	"github.com/leptonsched/lepton/leptontest"
	"github.com/leptonsched/lepton/policy"
)

var rewrite = flag.Bool("rewrite", false, "rewrite golden files")

var decoder = features.Decoder{Inner: policy.Decode}

// scaledSpec is of observations with a gap here and there, and one feature in milliseconds.
var scaledSpec = lepton.Spec{StateDim: 1, ActionDim: 2, StateNames: []string{"queued"}, ActionNames: []string{"wait_ms", "price"}}

// fitted maps 100 and 300 of the state to ∓1, and [0, 1e5] and [2, 4] of the rows to [0, 1], gaps to 0.5.
func fitted(tb testing.TB) (state, rows *features.Scaler) {
	tb.Helper()
	state, err := features.FitScaler([]float64{100, 300}, 1, features.Standard())
	require.NoError(tb, err)
	rows, err = features.FitScaler([]float64{0, 2, 5e4, 3, 1e5, 4}, 2, features.FillMedian(), features.MinMax())
	require.NoError(tb, err)
	return state, rows
}

// softmax is of score 2·queued + wait − 3·price.
func softmax(tb testing.TB) lepton.Policy {
	tb.Helper()
	scorer, err := policy.NewLinear(scaledSpec, []float64{2, 1, -3}, nil)
	require.NoError(tb, err)
	p, err := policy.Softmax(scorer, 1)
	require.NoError(tb, err)
	return p
}

func scaledPolicy(tb testing.TB, inner lepton.Policy) lepton.Policy {
	tb.Helper()
	state, rows := fitted(tb)
	p, err := features.ScaledPolicy(inner, state, rows)
	require.NoError(tb, err)
	return p
}

// observe is of actions that are legal unless their ID is odd and masked is set.
func observe(queued float64, masked bool, rows ...[]float64) *lepton.Observation {
	obs := new(lepton.Observation)
	obs.Reset(2, 0)
	obs.SetState([]float64{queued})
	for i, row := range rows {
		copy(obs.Actions().Add(uint64(i), !masked || i%2 == 0), row)
	}
	return obs
}

func probs(p lepton.Policy, obs *lepton.Observation) []float64 {
	dst := make([]float64, obs.Len())
	p.Probs(dst, obs, new(lepton.Scratch))
	return dst
}

func scores(p lepton.Policy, obs *lepton.Observation) []float64 {
	dst := make([]float64, obs.Len())
	p.(lepton.Scorer).Scores(dst, obs, new(lepton.Scratch))
	return dst
}

func save(tb testing.TB, v any) []byte {
	tb.Helper()
	var b bytes.Buffer
	n, err := v.(lepton.Saver).WriteTo(&b)
	require.NoError(tb, err)
	require.EqualValues(tb, b.Len(), n)
	return b.Bytes()
}

func TestScaledPolicyWorkedNumbers(t *testing.T) {
	p := scaledPolicy(t, softmax(t))
	// queued 400 is 2 deviations above 200; the rows become [0.25, 0], [1.5, 0.5], and [0.5, 1]: a gap.
	obs := observe(400, false, []float64{2.5e4, 2}, []float64{1.5e5, 3}, []float64{math.NaN(), 4})
	assert.Equal(t, []float64{4.25, 4, 1.5}, scores(p, obs))
	sum := math.Exp(0) + math.Exp(-0.25) + math.Exp(-2.75)
	assert.InDeltaSlice(t, []float64{1 / sum, math.Exp(-0.25) / sum, math.Exp(-2.75) / sum}, probs(p, obs), 1e-12)
	assert.Equal(t, 400.0, obs.State()[0], "the observation stays what it was")
	assert.Equal(t, 1.5e5, obs.Action(1)[0])
}

// Scaling by hand, on random observations, with either scaler and both.
func TestScaledPolicyIsScalingByHand(t *testing.T) {
	state, rows := fitted(t)
	r := rng.New(1, "scaled")
	for name, s := range map[string]struct{ state, rows *features.Scaler }{"both": {state, rows}, "state": {state, nil}, "rows": {nil, rows}} {
		t.Run(name, func(t *testing.T) {
			p, err := features.ScaledPolicy(softmax(t), s.state, s.rows)
			require.NoError(t, err)
			for range 50 {
				obs := observe(200+100*r.NormFloat64(), true)
				for i := range 1 + r.IntN(20) {
					row := obs.Actions().Add(uint64(i), i == 0 || r.IntN(3) > 0)
					row[0], row[1] = 1e5*r.Float64(), 2+2*r.Float64()
				}
				var byHand lepton.Observation
				byHand.CopyFrom(obs)
				if s.state != nil {
					require.NoError(t, s.state.Apply(byHand.State(), byHand.State()))
				}
				for i := range byHand.Len() {
					if s.rows != nil {
						require.NoError(t, s.rows.Apply(byHand.Action(i), byHand.Action(i)))
					}
				}
				require.Equal(t, probs(softmax(t), &byHand), probs(p, obs))
				require.Equal(t, scores(softmax(t), &byHand), scores(p, obs))
			}
		})
	}
}

// Parts with one ability each; what is put together below has exactly those that are put in.
type (
	plain  struct{ lepton.Policy }
	ranks  struct{ lepton.Scorer }
	saves  struct{ lepton.Saver }
	states struct{ lepton.Specced }
)

func TestScaledPolicyHasTheAbilitiesOfInner(t *testing.T) {
	whole := softmax(t)
	a, b, c, d := plain{whole}, ranks{whole.(lepton.Scorer)}, saves{whole.(lepton.Saver)}, states{whole.(lepton.Specced)}
	for _, inner := range []lepton.Policy{
		a, whole,
		struct {
			plain
			ranks
		}{a, b},
		struct {
			plain
			saves
		}{a, c},
		struct {
			plain
			states
		}{a, d},
		struct {
			plain
			ranks
			saves
		}{a, b, c},
		struct {
			plain
			ranks
			states
		}{a, b, d},
		struct {
			plain
			saves
			states
		}{a, c, d},
	} {
		abilities := func(p lepton.Policy) [4]bool {
			_, ranks := p.(lepton.Scorer)
			_, saves := p.(lepton.Saver)
			_, states := p.(lepton.Specced)
			_, batch := p.(lepton.BatchPolicy)
			return [4]bool{ranks, saves, states, batch}
		}
		p := scaledPolicy(t, inner)
		assert.Equal(t, abilities(inner), abilities(p), "%T", inner)
		if s, ok := p.(lepton.Specced); ok {
			assert.Equal(t, scaledSpec, s.Spec())
		}
		obs := observe(400, false, []float64{2.5e4, 2}, []float64{1.5e5, 3})
		assert.Equal(t, probs(scaledPolicy(t, whole), obs), probs(p, obs), "%T", inner)
	}
}

func TestScaledPolicyRefuses(t *testing.T) {
	state, rows := fitted(t)
	_, err := features.ScaledPolicy(nil, nil, nil)
	assert.EqualError(t, err, "features: a scaler of neither the state nor the rows\nfeatures: no policy to scale for")
	_, err = features.ScaledPolicy(softmax(t), new(features.Scaler), rows)
	assert.EqualError(t, err, "features: an empty Scaler{}; make one with FitScaler")
	_, err = features.ScaledPolicy(scaledPolicy(t, softmax(t)), state, rows)
	assert.EqualError(t, err, "features: a policy that is scaled already")
	_, err = features.ScaledPolicy(softmax(t), rows, state)
	assert.EqualError(t, err, "lepton: features.Scaler cannot serve this spec: StateDim is 1, not 2; ActionDim is 2, not 1")
	var wrong *lepton.SpecError
	assert.ErrorAs(t, err, &wrong)
}

// What does not fit makes legal actions NaN, and nothing else, whatever inner makes of it.
func TestScaledPolicyOfAnotherWidth(t *testing.T) {
	p := scaledPolicy(t, struct {
		plain
		ranks
	}{plain{policy.Uniform()}, ranks{policy.ScoreFunc(func(*lepton.Observation, int) float64 { return 0 })}})
	wide := observe(1, true, []float64{1, 2}, []float64{3, 4}, []float64{5, 6})
	wide.SetState([]float64{1, 2}) // two rows of the scaler's
	var narrow lepton.Observation
	narrow.Reset(1, 0)
	narrow.SetState([]float64{1})
	for i := range 3 {
		narrow.Actions().Add(uint64(i), i%2 == 0)
	}
	for name, obs := range map[string]*lepton.Observation{"state": wide, "rows": &narrow} {
		got, rank := probs(p, obs), scores(p, obs)
		for i := range got {
			if obs.Legal(i) {
				assert.True(t, math.IsNaN(got[i]) && math.IsNaN(rank[i]), name)
				continue
			}
			assert.Zero(t, got[i], name)
			assert.Equal(t, math.Inf(-1), rank[i], name)
		}
	}
}

func TestScaledPolicyKit(t *testing.T) {
	leptontest.Policy(t, scaledPolicy(t, softmax(t)), scaledSpec,
		leptontest.PolicyOptions{NoAllocs: true, Decode: decoder.DecodePolicy})
}

func TestScaledPolicyAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("allocations are not counted under the race detector")
	}
	p := scaledPolicy(t, softmax(t))
	obs := observe(1, false)
	for i := range 1000 {
		obs.Actions().Add(uint64(i), true)[0] = float64(i)
	}
	small := observe(1, false, []float64{1, 2})
	dst, scratch := make([]float64, obs.Len()), new(lepton.Scratch)
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		scratch.Reset()
		p.Probs(dst, obs, scratch)
		p.Probs(dst[:1], small, scratch)
		p.(lepton.Scorer).Scores(dst, obs, scratch)
	}))
}

// Goroutines that share a policy share its pool, and never a copy.
func TestScaledPolicyConcurrently(t *testing.T) {
	p := scaledPolicy(t, softmax(t))
	var wait sync.WaitGroup
	for g := range 8 {
		wait.Go(func() {
			obs := observe(100*float64(g), false, []float64{1e4 * float64(g), 2}, []float64{1e5, 3})
			want := probs(scaledPolicy(t, softmax(t)), obs)
			for range 500 {
				if got := probs(p, obs); !assert.ObjectsAreEqual(want, got) {
					t.Errorf("goroutine %d: %v, want %v", g, got, want)
					return
				}
			}
		})
	}
	wait.Wait()
}

func TestScaledPolicyFile(t *testing.T) {
	p := scaledPolicy(t, softmax(t))
	file := save(t, p)
	assert.Equal(t, "features.scaled_policy", p.(lepton.Saver).Kind())
	require.Equal(t, file, save(t, p), "written twice, not the same")
	r := io.MultiReader(bytes.NewReader(file), bytes.NewReader([]byte("rest")))
	back, err := decoder.DecodePolicy("features.scaled_policy", r)
	require.NoError(t, err)
	rest, err := io.ReadAll(r)
	require.NoError(t, err)
	assert.Equal(t, "rest", string(rest))
	assert.Equal(t, file, save(t, back))
	obs := observe(400, false, []float64{2.5e4, 2}, []float64{1.5e5, math.NaN()})
	assert.Equal(t, scores(p, obs), scores(back, obs))
	assert.Equal(t, scaledSpec, back.(lepton.Specced).Spec())

	other, err := decoder.DecodePolicy("policy.uniform", bytes.NewReader(save(t, policy.Uniform())))
	require.NoError(t, err, "other kinds are Inner's")
	assert.Equal(t, policy.Uniform(), other)
}

// The golden file holds the first format; it must stay readable for ever.
func TestScaledPolicyGolden(t *testing.T) {
	const name = "testdata/scaled_policy.v1.hex"
	got := hex.Dump(save(t, scaledPolicy(t, softmax(t))))
	if *rewrite {
		require.NoError(t, os.WriteFile(name, []byte(got), 0o644))
	}
	want, err := os.ReadFile(name)
	require.NoError(t, err)
	assert.Equal(t, string(want), got)
}

// wrap makes a container that is whole.
func wrap(tb testing.TB, kind string, payload []byte) []byte {
	tb.Helper()
	var b bytes.Buffer
	_, err := codec.WriteContainer(&b, kind, payload)
	require.NoError(tb, err)
	return b.Bytes()
}

// payloadOf is a scaled policy of rows alone, with what stands behind the scalers.
func payloadOf(scale float64, kind string, body []byte) []byte {
	var w codec.Writer
	w.Bool(false)
	w.Bool(true)
	w.Int(2)
	w.Int(1)
	w.Uint8(3) // (x − a)/b
	w.Floats([]float64{0, 0})
	w.Floats([]float64{1, scale})
	w.String(kind)
	w.Blob(body)
	return w.Bytes()
}

func TestDecoderRefuses(t *testing.T) {
	const kind = "features.scaled_policy"
	uniform, whole := save(t, policy.Uniform()), save(t, softmax(t))
	narrow, err := policy.NewLinear(lepton.Spec{ActionDim: 1}, []float64{1}, nil)
	require.NoError(t, err)
	_, err = decoder.DecodePolicy(kind, bytes.NewReader(wrap(t, kind, payloadOf(2, "policy.softmax", whole))))
	require.NoError(t, err)
	for _, c := range []struct {
		name string
		file []byte
		want error
	}{
		{"nothing", nil, features.ErrCorrupt},
		{"another kind", uniform, features.ErrCorrupt},
		{"no scalers", wrap(t, kind, payloadOf(2, "", nil)[:2]), features.ErrCorrupt},
		{"neither scaler", wrap(t, kind, make([]byte, 18)), features.ErrCorrupt},
		{"a division by zero", wrap(t, kind, payloadOf(0, "policy.softmax", whole)), features.ErrCorrupt},
		{"a scale that is no number", wrap(t, kind, payloadOf(math.NaN(), "policy.softmax", whole)), features.ErrCorrupt},
		{"scaled twice", wrap(t, kind, payloadOf(2, kind, save(t, scaledPolicy(t, softmax(t))))), features.ErrCorrupt},
		{"more than inner", wrap(t, kind, payloadOf(2, "policy.uniform", append(bytes.Clone(uniform), 1))), features.ErrCorrupt},
		{"more than the policy", wrap(t, kind, append(payloadOf(2, "policy.uniform", uniform), 1)), features.ErrCorrupt},
		{"an inner of another width", wrap(t, kind, payloadOf(2, "policy.greedy", save(t, policy.Greedy(narrow)))), features.ErrCorrupt},
		{"an inner that Inner does not know", wrap(t, kind, payloadOf(2, "rl.qlearning", whole)), policy.ErrKind},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := decoder.DecodePolicy(kind, bytes.NewReader(c.file))
			assert.ErrorIs(t, err, c.want)
		})
	}
	for _, kind := range []string{kind, "policy.uniform"} {
		_, err := features.Decoder{}.DecodePolicy(kind, bytes.NewReader(wrap(t, kind, payloadOf(2, "policy.uniform", uniform))))
		assert.EqualError(t, err, `features: nobody decodes a policy of kind "policy.uniform"`)
	}
	_, err = scaledPolicy(t, struct {
		plain
		saves
	}{plain{policy.Uniform()}, saves{badSaver{}}}).(lepton.Saver).WriteTo(io.Discard)
	assert.ErrorContains(t, err, `features: saving "bad": no`)
}

type badSaver struct{}

func (badSaver) Kind() string                     { return "bad" }
func (badSaver) WriteTo(io.Writer) (int64, error) { return 0, fmt.Errorf("no") }

// FuzzDecoder feeds payloads, since a checksum stands before everything else.
func FuzzDecoder(f *testing.F) {
	const kind = "features.scaled_policy"
	_, payload, _, err := codec.ReadContainer(bytes.NewReader(save(f, scaledPolicy(f, softmax(f)))))
	require.NoError(f, err)
	f.Add(payload)
	f.Add(payloadOf(2, "policy.uniform", save(f, policy.Uniform())))
	f.Add(payloadOf(2, kind, nil))
	obs := observe(1, false, []float64{1, 2}, []float64{3, 4})
	f.Fuzz(func(t *testing.T, payload []byte) {
		file := wrap(t, kind, payload)
		p, err := decoder.DecodePolicy(kind, bytes.NewReader(file))
		if err != nil {
			return
		}
		require.Equal(t, file, save(t, p))
		probs(p, obs)
	})
}

// BenchmarkScaledPolicy is a decision of a linear softmax over 3 features, as it is and behind scalers.
func BenchmarkScaledPolicy(b *testing.B) {
	inner := softmax(b)
	for _, n := range []int{5, 100, 1000} {
		obs := observe(200, false)
		for i := range n {
			row := obs.Actions().Add(uint64(i), true)
			row[0], row[1] = float64(100*i), float64(i%7)
		}
		for _, c := range []struct {
			name   string
			policy lepton.Policy
		}{{"raw", inner}, {"scaled", scaledPolicy(b, inner)}} {
			b.Run(fmt.Sprintf("policy=%s/candidates=%d", c.name, n), func(b *testing.B) {
				b.ReportAllocs()
				dst, scratch := make([]float64, n), new(lepton.Scratch)
				for b.Loop() {
					scratch.Reset()
					c.policy.Probs(dst, obs, scratch)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/candidate")
			})
		}
	}
}
