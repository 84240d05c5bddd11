package rl_test

import (
	"bytes"
	"encoding/hex"
	"flag"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/codec"
	"github.com/leptonsched/lepton/internal/rng"
	"github.com/leptonsched/lepton/leptontest"
	"github.com/leptonsched/lepton/rl"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var rewrite = flag.Bool("rewrite", false, "rewrite golden files")

var (
	fixedSpec     = lepton.Spec{StateDim: 2, Actions: 3, StateNames: []string{"load", "hour"}}
	candidateSpec = lepton.Spec{StateDim: 2, ActionDim: 2, StateNames: []string{"load", "hour"}, ActionNames: []string{"cores", "wait"}}
)

// checkpointed is what every learner is.
type checkpointed interface {
	lepton.Learner
	lepton.Saver
	lepton.PolicyDecoder
	lepton.Specced
	io.ReaderFrom
}

// everyLearner makes one of each, in more than one setting.
var everyLearner = map[string]struct {
	spec lepton.Spec
	make func() (checkpointed, error)
}{
	"qlearning": {fixedSpec, func() (checkpointed, error) {
		return rl.NewQLearning(fixedSpec, rl.TabularOptions{Key: coarse, Epsilon: 0.1, Initial: 1})
	}},
	"qlearning_replay": {fixedSpec, func() (checkpointed, error) {
		return rl.NewQLearning(fixedSpec, rl.TabularOptions{Key: coarse, Replay: rl.ReplayOptions{Capacity: 50, Batch: 4}, MaxEntries: 20})
	}},
	"sarsa": {fixedSpec, func() (checkpointed, error) {
		return rl.NewSARSA(fixedSpec, rl.TabularOptions{Key: coarse, StepSize: rl.StepSize{Alpha: 1, Power: 0.7}, Epsilon: 0.2})
	}},
	"sarsa_candidates": {candidateSpec, func() (checkpointed, error) {
		return rl.NewSARSA(candidateSpec, rl.TabularOptions{Key: coarse, ActionKey: func(o *lepton.Observation, i int) uint64 {
			return uint64(int64(o.Action(i)[0]))
		}})
	}},
	"ppo": {candidateSpec, func() (checkpointed, error) {
		return rl.NewPPO(candidateSpec, rl.PPOOptions{
			Batch: 16, Minibatch: 8, Epochs: 2, Segment: 3, Entropy: 0.01, Seed: 1,
			Network: rl.NetworkOptions{Hidden: []int{8, 4}, Context: true}, Critic: rl.NetworkOptions{Hidden: []int{8, 4}, Activation: rl.Tanh},
		})
	}},
	"ppo_fixed": {fixedSpec, func() (checkpointed, error) {
		return rl.NewPPO(fixedSpec, rl.PPOOptions{
			Batch: 16, Minibatch: 16, Epochs: 3, MaxOpen: 3, Seed: 1,
			Network: rl.NetworkOptions{Hidden: []int{8}, Optimizer: rl.RMSProp}, Critic: rl.NetworkOptions{Hidden: []int{8}, Optimizer: rl.SGD},
		})
	}},
	"reinforce": {candidateSpec, func() (checkpointed, error) {
		return rl.NewREINFORCE(candidateSpec, rl.REINFORCEOptions{Batch: 5, Entropy: 0.1})
	}},
	"reinforce_network": {candidateSpec, func() (checkpointed, error) {
		return rl.NewREINFORCE(candidateSpec, rl.REINFORCEOptions{Batch: 5, Network: &rl.NetworkOptions{Hidden: []int{6, 4}}, Seed: 1})
	}},
	"reinforce_fixed": {fixedSpec, func() (checkpointed, error) {
		return rl.NewREINFORCE(fixedSpec, rl.REINFORCEOptions{
			Batch: 5, Optimizer: rl.SGD, Baseline: rl.MeanBaseline, MaxOpen: 3, StepSize: rl.StepSize{Alpha: 0.5, Power: 0.5},
		})
	}},
}

// ofNetworks tells the learners whose numbers depend on the kernel level and are float32.
func ofNetworks(name string) bool {
	return strings.HasPrefix(name, "ppo") || strings.HasPrefix(name, "dqn") || strings.Contains(name, "network")
}

func tolerance(name string) float64 {
	if ofNetworks(name) {
		return 1e-5
	}
	return 0
}

// coarse discretises a state into eight.
func coarse(obs *lepton.Observation) uint64 {
	key := uint64(0)
	for _, x := range obs.State() {
		key <<= 1
		if x > 0 {
			key |= 1
		}
	}
	return key
}

// traffic is a seeded stream of transitions: interleaved episodes of two agents, and decisions alone.
func traffic(spec lepton.Spec, seed uint64, n int) []*lepton.Transition {
	r := rng.New(seed, "traffic")
	observe := func(obs *lepton.Observation) {
		obs.Reset(spec.ActionDim, 0)
		obs.SetState([]float64{r.NormFloat64(), r.NormFloat64()})
		count := spec.Actions
		if count == 0 {
			count = 2 + r.IntN(4)
		}
		for i := range count {
			row := obs.Actions().Add(uint64(i), i == 0 || r.IntN(5) > 0)
			for j := range row {
				row[j] = 2 * r.NormFloat64()
			}
		}
	}
	at := make([]int, 5)
	number := []uint64{0, 1, 2, 3, 4}
	out := make([]*lepton.Transition, n)
	for i := range out {
		k := r.IntN(len(at))
		t := &lepton.Transition{Episode: number[k], Agent: uint32(k % 2), Step: at[k], Reward: r.NormFloat64(), Propensity: 0.5, Arm: lepton.ArmLearned, NextAction: -1}
		observe(&t.Obs)
		at[k]++
		t.Last = k == 0 || r.IntN(6) == 0
		if k != 0 && (!t.Last || r.IntN(2) == 0) {
			t.Discount = 0.9
			observe(&t.Next)
			if !t.Last {
				t.NextAction = 0
			}
		}
		if t.Last {
			at[k] = 0
			if k > 0 {
				number[k] += 10
			}
		}
		out[i] = t
	}
	return out
}

func feed(t testing.TB, l lepton.Learner, ts []*lepton.Transition) {
	t.Helper()
	for i, tr := range ts {
		l.Observe(tr)
		if i%3 == 0 {
			_, err := l.Step(t.Context())
			require.NoError(t, err)
		}
	}
}

// A learner that was saved and read back into a fresh one goes on as if nothing had happened, to the bit,
// wherever it was cut.
func TestCheckpointsContinueBitForBit(t *testing.T) {
	for name, c := range everyLearner {
		t.Run(name, func(t *testing.T) {
			stream := traffic(c.spec, 1, 400)
			for _, cut := range []int{0, 1, 57, 200, 399} {
				whole, err := c.make()
				require.NoError(t, err)
				feed(t, whole, stream[:cut])
				file := saved(t, whole)
				require.Equal(t, file, saved(t, whole), "written twice, not the same")

				resumed, err := c.make()
				require.NoError(t, err)
				feed(t, resumed, stream[300:]) // what it held before is gone
				n, err := resumed.ReadFrom(bytes.NewReader(file))
				require.NoError(t, err)
				require.EqualValues(t, len(file), n)
				require.Equal(t, file, saved(t, resumed))

				feed(t, whole, stream[cut:])
				feed(t, resumed, stream[cut:])
				require.Equal(t, saved(t, whole), saved(t, resumed), "cut at %d", cut)
				require.Equal(t, saved(t, whole.Policy()), saved(t, resumed.Policy()))
			}
		})
	}
}

func TestPoliciesAreReadBack(t *testing.T) {
	for name, c := range everyLearner {
		t.Run(name, func(t *testing.T) {
			l, err := c.make()
			require.NoError(t, err)
			stream := traffic(c.spec, 2, 300)
			feed(t, l, stream)
			p := l.Policy()
			file := saved(t, p)
			back, err := l.DecodePolicy(p.(lepton.Saver).Kind(), bytes.NewReader(file))
			require.NoError(t, err)
			assert.Equal(t, file, saved(t, back))
			for _, tr := range stream[:50] {
				a, b := make([]float64, tr.Obs.Len()), make([]float64, tr.Obs.Len())
				p.Probs(a, &tr.Obs, nil)
				back.Probs(b, &tr.Obs, nil)
				assert.Equal(t, a, b)
			}
			_, err = l.DecodePolicy("another", bytes.NewReader(file))
			assert.Error(t, err)
		})
	}
}

func TestReadFromRefusesAndKeepsTheLearner(t *testing.T) {
	for name, c := range everyLearner {
		t.Run(name, func(t *testing.T) {
			l, err := c.make()
			require.NoError(t, err)
			feed(t, l, traffic(c.spec, 3, 100))
			file := saved(t, l)
			refused := func(what string, bad []byte) {
				t.Helper()
				_, err := l.ReadFrom(bytes.NewReader(bad))
				require.Error(t, err, what)
				require.Equal(t, file, saved(t, l), what)
			}
			refused("empty", nil)
			refused("cut", file[:len(file)/2])
			refused("another kind", container("rl.other", nil))
			for i := 0; i < len(file); i += 1 + len(file)/60 {
				bad := bytes.Clone(file)
				bad[i] ^= 1
				refused("flipped", bad)
			}
			kind, body, _, err := codec.ReadContainer(bytes.NewReader(file))
			require.NoError(t, err)
			for i := 0; i < len(body); i += 1 + len(body)/100 { // cut inside, with a checksum that fits
				refused("cut inside", container(kind, body[:i]))
			}
			refused("left over", container(kind, append(bytes.Clone(body), 0)))
		})
	}
}

func TestReadFromNamesWhatChangedInTheSpec(t *testing.T) {
	l := newREINFORCE(t, candidateSpec, rl.REINFORCEOptions{})
	changed := candidateSpec
	changed.ActionNames = []string{"cores", "age"}
	_, err := newREINFORCE(t, changed, rl.REINFORCEOptions{}).ReadFrom(bytes.NewReader(saved(t, l)))
	var spec *lepton.SpecError
	require.ErrorAs(t, err, &spec)
	assert.Equal(t, []string{"action age"}, spec.Added)
	assert.Equal(t, []string{"action wait"}, spec.Dropped)
}

// The golden files hold the first formats, of learners and of their policies; they must stay readable.
func TestGoldenFiles(t *testing.T) {
	for name, c := range everyLearner {
		l, err := c.make()
		require.NoError(t, err)
		feed(t, l, traffic(c.spec, 4, 12))
		learner, policy := saved(t, l), saved(t, l.Policy())
		if ofNetworks(name) && !*rewrite { // each kernel level learns in its own last bits: it is read back and written
			_, err := l.ReadFrom(bytes.NewReader(unhex(t, "testdata/"+name+".learner.v1.hex")))
			require.NoError(t, err, name)
			p, err := l.DecodePolicy(l.Policy().(lepton.Saver).Kind(), bytes.NewReader(unhex(t, "testdata/"+name+".policy.v1.hex")))
			require.NoError(t, err, name)
			learner, policy = saved(t, l), saved(t, p)
		}
		golden(t, "testdata/"+name+".learner.v1.hex", learner)
		golden(t, "testdata/"+name+".policy.v1.hex", policy)
	}
}

// unhex reads what hex.Dump wrote.
func unhex(t *testing.T, path string) []byte {
	dump, err := os.ReadFile(path)
	require.NoError(t, err)
	var file []byte
	for line := range strings.Lines(string(dump)) {
		bytes, err := hex.DecodeString(strings.ReplaceAll(line[8:60], " ", ""))
		require.NoError(t, err)
		file = append(file, bytes...)
	}
	return file
}

func golden(t *testing.T, path string, file []byte) {
	t.Helper()
	if *rewrite {
		require.NoError(t, os.WriteFile(path, []byte(hex.Dump(file)), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), hex.Dump(file), path)
}

func TestLearnersKeepTheContract(t *testing.T) {
	for name, c := range everyLearner {
		t.Run(name, func(t *testing.T) {
			leptontest.Learner(t, func() lepton.Learner {
				l, err := c.make()
				require.NoError(t, err)
				return l
			}, c.spec, leptontest.LearnerOptions{Policy: leptontest.PolicyOptions{Tolerance: tolerance(name)}})
		})
	}
}

func TestProbsAllocateNothing(t *testing.T) {
	for name, c := range everyLearner {
		l, err := c.make()
		require.NoError(t, err)
		stream := traffic(c.spec, 5, 200)
		feed(t, l, stream)
		p, obs, scratch := l.Policy(), &stream[3].Obs, new(lepton.Scratch)
		dst := make([]float64, obs.Len())
		assert.Zero(t, testing.AllocsPerRun(50, func() { scratch.Reset(); p.Probs(dst, obs, scratch) }), name)
	}
}

func container(kind string, body []byte) []byte {
	var b bytes.Buffer
	if _, err := codec.WriteContainer(&b, kind, body); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// FuzzReadFrom feeds bodies, since a checksum stands before everything else: a learner that took one in
// writes the same bytes, and its policy can be asked.
func FuzzReadFrom(f *testing.F) {
	for _, c := range everyLearner {
		l, err := c.make()
		require.NoError(f, err)
		feed(f, l, traffic(c.spec, 6, 40))
		for _, v := range []any{l, l.Policy()} {
			kind, body, _, err := codec.ReadContainer(bytes.NewReader(saved(f, v)))
			require.NoError(f, err)
			f.Add(kind, body)
		}
	}
	f.Fuzz(func(t *testing.T, kind string, body []byte) {
		if len(kind) > 256 {
			return
		}
		file := container(kind, body)
		for _, c := range everyLearner {
			l, err := c.make()
			require.NoError(t, err)
			if kind == l.Kind() {
				if _, err := l.ReadFrom(bytes.NewReader(file)); err == nil && !bytes.Equal(file, saved(t, l)) {
					t.Fatalf("read %x, wrote %x", file, saved(t, l))
				}
			} else if p, err := l.DecodePolicy(kind, bytes.NewReader(file)); err == nil {
				obs := &traffic(c.spec, 7, 1)[0].Obs
				p.Probs(make([]float64, obs.Len()), obs, nil)
			}
		}
	})
}
