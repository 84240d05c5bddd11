package leptontest

import (
	"errors"
	"io"
	"math"
	"sync/atomic"
	"testing"

	"github.com/leptonsched/lepton"
	"github.com/stretchr/testify/require"
)

var candidates = lepton.Spec{StateDim: 2, ActionDim: 3}
var threeWay = lepton.Spec{StateDim: 2, ActionDim: 1, Actions: 3}

// linear is a good policy: softmax over the sum of a row, with every ability.
type linear struct{ spec lepton.Spec }

func (l linear) Spec() lepton.Spec { return l.spec }

func (l linear) Scores(dst []float64, obs *lepton.Observation, scratch *lepton.Scratch) {
	for i := range dst {
		dst[i] = math.Inf(-1)
		if obs.Legal(i) {
			dst[i] = 0
			for j, v := range obs.Action(i) {
				dst[i] += v / float64(j+1)
			}
		}
	}
}

func (l linear) Probs(p []float64, obs *lepton.Observation, scratch *lepton.Scratch) {
	scores := scratch.Floats(len(p))
	l.Scores(scores, obs, scratch)
	best, total := math.Inf(-1), 0.0
	for _, v := range scores {
		best = max(best, v)
	}
	for i, v := range scores {
		p[i] = math.Exp(v - best)
		total += p[i]
	}
	for i := range p {
		p[i] /= total
	}
}

func (l linear) ProbsBatch(p [][]float64, obs []*lepton.Observation, scratch *lepton.Scratch) {
	for i := range p {
		l.Probs(p[i], obs[i], scratch)
	}
}

func (l linear) Kind() string { return "linear" }

func (l linear) WriteTo(w io.Writer) (int64, error) {
	n, err := w.Write([]byte("linear"))
	return int64(n), err
}

func decodeLinear(_ string, r io.Reader) (lepton.Policy, error) {
	b, err := io.ReadAll(r)
	if err == nil && string(b) != "linear" {
		err = errors.New("damaged")
	}
	return linear{candidates}, err
}

// bare is a policy without abilities.
type bare func(p []float64, obs *lepton.Observation, scratch *lepton.Scratch)

func (b bare) Probs(p []float64, obs *lepton.Observation, scratch *lepton.Scratch) {
	b(p, obs, scratch)
}

// good answers as linear does.
func good(p []float64, obs *lepton.Observation, scratch *lepton.Scratch) {
	linear{}.Probs(p, obs, scratch)
}

func runPolicy(p lepton.Policy, spec lepton.Spec, o PolicyOptions) *recorder {
	return record(func(s suite) { policy(s, p, spec, o) })
}

func TestPolicyPasses(t *testing.T) {
	for seed := range uint64(3) {
		runPolicy(linear{candidates}, candidates, PolicyOptions{Seed: seed, NoAllocs: true, Decode: decodeLinear}).mustPass(t)
		runPolicy(linear{threeWay}, threeWay, PolicyOptions{Seed: seed, NoAllocs: true}).mustPass(t)
	}
	runPolicy(bare(good), candidates, PolicyOptions{}).mustPass(t)
	one := newGenerator(1, candidates).observation(1, allLegal)
	runPolicy(linear{candidates}, candidates, PolicyOptions{Observations: []*lepton.Observation{one}}).mustPass(t)
}

func TestPolicyCatches(t *testing.T) {
	var calls atomic.Uint64
	var keptP []float64
	var keptObs *lepton.Observation
	cache := map[*lepton.Observation][]float64{}
	var buffer float64
	all := []string{"Deterministic", "KeepsNothing", "Concurrent", "Permuted", "Untouched", "Probabilities", "Allocations"}
	tests := []struct {
		name    string
		policy  bare
		subtest string
		what    string
		others  []string
		racy    bool // breaks its word about concurrency: not to be run under the detector
	}{
		{name: "illegal", policy: func(p []float64, obs *lepton.Observation, _ *lepton.Scratch) {
			for i := range p {
				p[i] = 1 / float64(len(p))
			}
		}, subtest: "Probabilities", what: "is not legal and gets"},
		{name: "does not sum to 1", policy: func(p []float64, obs *lepton.Observation, s *lepton.Scratch) {
			good(p, obs, s)
			for i := range p {
				p[i] *= 1 + 1e-9
			}
		}, subtest: "Probabilities", what: "they sum to 1.000000001"},
		{name: "negative", policy: func(p []float64, obs *lepton.Observation, s *lepton.Scratch) {
			good(p, obs, s)
			if len(p) > 1 {
				p[0], p[1] = -0.25, 1.25
			}
		}, subtest: "Probabilities", what: "gets -0.25", others: []string{"Permuted"}},
		{name: "leaves p unwritten", policy: func(p []float64, obs *lepton.Observation, s *lepton.Scratch) {
			q := make([]float64, len(p))
			good(q, obs, s)
			for i, v := range q {
				if v > 0 {
					p[i] = v
				}
			}
		}, subtest: "Probabilities", what: "gets NaN", others: []string{"Deterministic", "KeepsNothing", "Permuted"}},
		{name: "NaN", policy: func(p []float64, obs *lepton.Observation, s *lepton.Scratch) {
			copy(p, filled(len(p), math.NaN()))
		}, subtest: "Probabilities", what: "gets NaN", others: []string{"Permuted"}},
		{name: "panics on one action", policy: func(p []float64, obs *lepton.Observation, s *lepton.Scratch) {
			_ = p[1]
			good(p, obs, s)
		}, subtest: "Probabilities", what: "panicked: runtime error: index out of range [1] with length 1", others: all},
		{name: "random", policy: func(p []float64, obs *lepton.Observation, s *lepton.Scratch) {
			chosen := int(calls.Add(1)*2654435761) % len(p)
			for ; !obs.Legal(chosen); chosen = (chosen + 1) % len(p) {
			}
			clear(p)
			p[chosen] = 1
		}, subtest: "Deterministic", what: "action", others: []string{"KeepsNothing", "Concurrent", "Permuted"}},
		{name: "reads dirty scratch", policy: func(p []float64, obs *lepton.Observation, s *lepton.Scratch) {
			extra := s.Floats(1)
			extra[0] *= 2 // "zeroed", surely
			good(p, obs, nil)
			if extra[0] != 0 {
				clear(p)
			}
		}, subtest: "Deterministic", what: "in memory that held NaN"},
		{name: "needs a scratch", policy: func(p []float64, obs *lepton.Observation, s *lepton.Scratch) {
			_ = *s
			good(p, obs, nil)
		}, subtest: "Deterministic", what: "panicked: runtime error: invalid memory address", others: []string{"KeepsNothing"}},
		{name: "keeps p", policy: func(p []float64, obs *lepton.Observation, s *lepton.Scratch) {
			good(p, obs, s)
			if len(keptP) > 0 {
				keptP[0] = 0.5
			}
			keptP = p
		}, subtest: "KeepsNothing", what: "retains none of p, obs and scratch", others: []string{"Deterministic", "Concurrent", "Permuted"}, racy: true},
		{name: "caches by address", policy: func(p []float64, obs *lepton.Observation, s *lepton.Scratch) {
			if q := cache[obs]; len(q) == len(p) {
				copy(p, q)
				return
			}
			good(p, obs, s)
			cache[obs] = append([]float64(nil), p...)
		}, subtest: "KeepsNothing", what: "retains none of p, obs and scratch", racy: true},
		{name: "keeps obs", policy: func(p []float64, obs *lepton.Observation, s *lepton.Scratch) {
			good(p, obs, s)
			if keptObs != nil && math.IsNaN(keptObs.State()[0]) {
				clear(p)
			}
			keptObs = obs
		}, subtest: "KeepsNothing", what: "retains none of p, obs and scratch", racy: true},
		{name: "changes obs", policy: func(p []float64, obs *lepton.Observation, s *lepton.Scratch) {
			good(p, obs, s)
			obs.State()[1] = 4
		}, subtest: "Untouched", what: "state feature 1 is", racy: true},
		{name: "shares a buffer", policy: func(p []float64, obs *lepton.Observation, s *lepton.Scratch) {
			buffer = obs.Action(0)[0]
			good(p, obs, s)
			work()
			if buffer != obs.Action(0)[0] {
				clear(p)
			}
		}, subtest: "Concurrent", what: "alone and", racy: true},
		{name: "prefers a place", policy: func(p []float64, obs *lepton.Observation, _ *lepton.Scratch) {
			clear(p)
			for i := range p {
				if obs.Legal(i) {
					p[i] = 1
					return
				}
			}
		}, subtest: "Permuted", what: "the action at place"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if test.racy && raceEnabled {
				t.Skip("breaks its word about concurrency on purpose")
			}
			runPolicy(test.policy, candidates, PolicyOptions{}).mustCatch(t, test.subtest, test.what, test.others...)
		})
	}
}

func TestPolicyCatchesAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("allocations are not counted under the race detector")
	}
	p := bare(func(p []float64, obs *lepton.Observation, s *lepton.Scratch) { *leak(1) = 2; good(p, obs, s) })
	runPolicy(p, candidates, PolicyOptions{}).mustPass(t)
	runPolicy(p, candidates, PolicyOptions{NoAllocs: true}).mustCatch(t, "Allocations", "24 allocations")
}

// broken overrides one ability of linear.
type broken struct {
	linear
	scores func(dst []float64, obs *lepton.Observation, scratch *lepton.Scratch)
	batch  func(p [][]float64, obs []*lepton.Observation, scratch *lepton.Scratch)
	write  func(w io.Writer) (int64, error)
	kind   func() string
}

func (b broken) Scores(dst []float64, obs *lepton.Observation, scratch *lepton.Scratch) {
	if b.scores != nil {
		b.scores(dst, obs, scratch)
		return
	}
	b.linear.Scores(dst, obs, scratch)
}

func (b broken) ProbsBatch(p [][]float64, obs []*lepton.Observation, scratch *lepton.Scratch) {
	if b.batch != nil {
		b.batch(p, obs, scratch)
		return
	}
	b.linear.ProbsBatch(p, obs, scratch)
}

func (b broken) WriteTo(w io.Writer) (int64, error) {
	if b.write != nil {
		return b.write(w)
	}
	return b.linear.WriteTo(w)
}

func (b broken) Kind() string {
	if b.kind != nil {
		return b.kind()
	}
	return b.linear.Kind()
}

func TestPolicyAbilitiesCatch(t *testing.T) {
	var calls atomic.Uint64
	is := linear{candidates}
	tests := []struct {
		name    string
		policy  broken
		o       PolicyOptions
		subtest string
		what    string
		others  []string
		racy    bool
	}{
		{name: "another spec", policy: broken{linear: linear{threeWay}}, subtest: "Spec", what: "ActionDim is 3, not 1"},
		{name: "invalid spec", policy: broken{linear: linear{lepton.Spec{StateDim: 2, ActionDim: 3, StateNames: []string{"a"}}}},
			subtest: "Spec", what: "1 state names for 2 features"},
		{name: "illegal scores", policy: broken{linear: is, scores: func(dst []float64, obs *lepton.Observation, _ *lepton.Scratch) {
			for i := range dst {
				dst[i] = obs.Action(i)[0]
			}
		}}, subtest: "Scores", what: "scores negative infinity"},
		{name: "infinite scores", policy: broken{linear: is, scores: func(dst []float64, obs *lepton.Observation, s *lepton.Scratch) {
			is.Scores(dst, obs, s)
			for i := range dst {
				if len(dst) > 3 && obs.Legal(i) {
					dst[i] = math.Inf(1)
				}
			}
		}}, subtest: "Scores", what: "scores +Inf (dst held NaN before)"},
		{name: "scores count", policy: broken{linear: is, scores: func(dst []float64, obs *lepton.Observation, s *lepton.Scratch) {
			is.Scores(dst, obs, s)
			for i := range dst {
				dst[i] += float64(calls.Add(1))
			}
		}}, subtest: "Scores", what: "then", others: []string{"ScoresConcurrent", "ScoresPermuted"}},
		{name: "scores change obs", policy: broken{linear: is, scores: func(dst []float64, obs *lepton.Observation, s *lepton.Scratch) {
			is.Scores(dst, obs, s)
			obs.State()[0] = 1
		}}, subtest: "ScoresUntouched", what: "state feature 0", racy: true},
		{name: "scores by place", policy: broken{linear: is, scores: func(dst []float64, obs *lepton.Observation, s *lepton.Scratch) {
			is.Scores(dst, obs, s)
			for i := range dst {
				dst[i] += float64(i)
			}
		}}, subtest: "ScoresPermuted", what: "the action at place"},
		{name: "batch of another order", policy: broken{linear: is, batch: func(p [][]float64, obs []*lepton.Observation, s *lepton.Scratch) {
			is.ProbsBatch(p, obs, s)
			if len(p) > 2 {
				p[2][0] = math.Nextafter(p[2][0], 2)
			}
		}}, subtest: "Batch", what: "in a batch of 24"},
		{name: "batch of nothing", policy: broken{linear: is, batch: func(p [][]float64, obs []*lepton.Observation, s *lepton.Scratch) {
			is.Probs(p[0], obs[0], s)
			is.ProbsBatch(p, obs, s)
		}}, subtest: "Batch", what: "panicked: runtime error: index out of range [0] with length 0"},
		{name: "writes the hour", policy: broken{linear: is, write: func(w io.Writer) (int64, error) {
			n, err := w.Write([]byte{byte(calls.Add(1))})
			return int64(n), err
		}}, subtest: "Saves", what: "two writings of 1 and 1 bytes differ"},
		{name: "miscounts", policy: broken{linear: is, write: func(w io.Writer) (int64, error) {
			_, err := w.Write([]byte("linear"))
			return 0, err
		}}, subtest: "Saves", what: "6 bytes arrived, WriteTo says 0"},
		{name: "hides the writer's error", policy: broken{linear: is, write: func(w io.Writer) (int64, error) {
			n, _ := w.Write([]byte("linear"))
			return int64(n), nil
		}}, subtest: "Saves", what: "a writer that took 3 bytes and failed: WriteTo says 3 and error <nil>"},
		{name: "no kind", policy: broken{linear: is, kind: func() string { return "" }}, subtest: "Saves", what: `Kind is ""`},
		{name: "cannot be read back", policy: broken{linear: is}, subtest: "Saves", what: "read back", o: PolicyOptions{
			Decode: func(string, io.Reader) (lepton.Policy, error) { return nil, errors.New("which format?") }}},
		{name: "read back as another", policy: broken{linear: is}, subtest: "Saves", what: "read back 1", o: PolicyOptions{
			Decode: func(string, io.Reader) (lepton.Policy, error) {
				return bare(func(p []float64, obs *lepton.Observation, _ *lepton.Scratch) { copy(p, filled(len(p), 1)) }), nil
			}}},
		{name: "reads damaged files", policy: broken{linear: is}, subtest: "Saves", what: "cut at byte 0 of 6: no error", o: PolicyOptions{
			Decode: func(string, io.Reader) (lepton.Policy, error) { return is, nil }}},
		{name: "reads changed files", policy: broken{linear: is}, subtest: "Saves", what: "byte 0 of 6 changed: no error", o: PolicyOptions{
			Decode: func(_ string, r io.Reader) (lepton.Policy, error) {
				_, err := io.ReadFull(r, make([]byte, 6))
				return is, err
			}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if test.racy && raceEnabled {
				t.Skip("breaks its word about concurrency on purpose")
			}
			runPolicy(test.policy, candidates, test.o).mustCatch(t, test.subtest, test.what, test.others...)
		})
	}
}

// Equal scores are told apart by place: only distinct ones must follow a permutation.
func TestPolicyTies(t *testing.T) {
	steps := func(dst []float64, obs *lepton.Observation, _ *lepton.Scratch) {
		for i := range dst {
			dst[i] = math.Inf(-1)
			if obs.Legal(i) {
				dst[i] = math.Floor(obs.Action(i)[0])
			}
		}
	}
	greedy := func(p []float64, obs *lepton.Observation, s *lepton.Scratch) {
		scores := make([]float64, len(p))
		steps(scores, obs, s)
		best := 0
		for i, v := range scores {
			if v > scores[best] {
				best = i
			}
		}
		clear(p)
		p[best] = 1
	}
	runPolicy(bare(greedy), candidates, PolicyOptions{}).mustCatch(t, "Permuted", "PolicyOptions.Ties")
	runPolicy(bare(greedy), candidates, PolicyOptions{Ties: true}).mustPass(t)
	runPolicy(struct {
		bare
		scorer
	}{greedy, steps}, candidates, PolicyOptions{Ties: true}).mustPass(t)
}

type scorer func(dst []float64, obs *lepton.Observation, scratch *lepton.Scratch)

func (f scorer) Scores(dst []float64, obs *lepton.Observation, scratch *lepton.Scratch) {
	f(dst, obs, scratch)
}

func TestPolicyRefusesItsArguments(t *testing.T) {
	bad := runPolicy(bare(good), lepton.Spec{StateDim: -1}, PolicyOptions{})
	require.NotEmpty(t, bad.failed[""])
	for _, obs := range []*lepton.Observation{{}, newGenerator(1, threeWay).observation(3, allLegal)} {
		r := runPolicy(bare(good), candidates, PolicyOptions{Observations: []*lepton.Observation{obs}})
		require.Contains(t, r.failed[""][0], "observation 0 given has no legal action or another shape")
	}
}

func TestGeneratorMakesEachSortOfObservation(t *testing.T) {
	g := newGenerator(5, candidates)
	all := g.observations(300)
	sorts := map[string]bool{}
	for _, obs := range all {
		require.Positive(t, obs.LegalCount())
		sorts["one action"] = sorts["one action"] || obs.Len() == 1
		sorts["many"] = sorts["many"] || obs.Len() == 300
		sorts["masked"] = sorts["masked"] || obs.LegalCount() < obs.Len() && obs.LegalCount() > 1
		sorts["one legal of many"] = sorts["one legal of many"] || obs.LegalCount() == 1 && obs.Len() == 300
	}
	require.Len(t, sorts, 4)
	for sort, there := range sorts {
		require.True(t, there, sort)
	}
	again := newGenerator(5, candidates).observations(300)
	for i := range all {
		require.Empty(t, difference(all[i], again[i]))
	}
}
