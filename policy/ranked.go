package policy

import (
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/leptonsched/lepton"
)

// rule turns scores into probabilities.
type rule uint8

const (
	ruleGreedy rule = iota
	ruleEpsilon
	ruleSoftmax
)

var ruleKinds = [...]string{"policy.greedy", "policy.epsilon_greedy", "policy.softmax"}

// errNoScorer is returned where a scorer is required and nil was passed.
var errNoScorer = errors.New("policy: no scorer")

// ranked is a Scorer with a rule that makes probabilities of its scores.
type ranked struct {
	scorer lepton.Scorer
	rule   rule
	param  float64 // ε, or the temperature
}

// Greedy takes the action with the highest score of s, the first of them on a tie.
//
// The result is a lepton.Scorer too, a lepton.Specced when s is, and a lepton.Saver when s is. The same
// holds for EpsilonGreedy and Softmax. Without a scorer every decision is unusable.
func Greedy(s lepton.Scorer) lepton.Policy { return newRanked(s, ruleGreedy, 0) }

// EpsilonGreedy takes the action with the highest score of s, the first of them on a tie, but with
// probability epsilon in [0, 1] one of the legal actions drawn evenly (the best among them).
// Source: Sutton & Barto (2018), section 2.2.
func EpsilonGreedy(s lepton.Scorer, epsilon float64) (lepton.Policy, error) {
	var errs []error
	if s == nil {
		errs = append(errs, errNoScorer)
	}
	if !(epsilon >= 0 && epsilon <= 1) {
		errs = append(errs, fmt.Errorf("policy: epsilon is %v, want 0 to 1", epsilon))
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return newRanked(s, ruleEpsilon, epsilon), nil
}

// Softmax takes action a with probability proportional to exp(score(a)/temperature). temperature > 0 is
// in units of the score: a small one is nearly greedy, a large one nearly uniform.
// Source: Sutton & Barto (2018), section 2.8.
func Softmax(s lepton.Scorer, temperature float64) (lepton.Policy, error) {
	var errs []error
	if s == nil {
		errs = append(errs, errNoScorer)
	}
	if !(temperature > 0) || math.IsInf(temperature, 0) {
		errs = append(errs, fmt.Errorf("policy: temperature is %v, want a positive number", temperature))
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return newRanked(s, ruleSoftmax, temperature), nil
}

// newRanked gives the policy exactly the abilities that its scorer supports.
func newRanked(s lepton.Scorer, r rule, param float64) lepton.Policy {
	p := &ranked{scorer: s, rule: r, param: param}
	saving, saved := s.(lepton.Saver)
	specced, known := s.(lepton.Specced)
	switch {
	case saved && known:
		return &struct {
			*ranked
			rankedSaver
			lepton.Specced
		}{p, rankedSaver{p, saving}, specced}
	case saved:
		return &struct {
			*ranked
			rankedSaver
		}{p, rankedSaver{p, saving}}
	case known:
		return &struct {
			*ranked
			lepton.Specced
		}{p, specced}
	}
	return p
}

// Scores implements lepton.Scorer.
func (r *ranked) Scores(dst []float64, obs *lepton.Observation, scratch *lepton.Scratch) {
	if r.scorer == nil {
		unrankable(dst, obs)
		return
	}
	r.scorer.Scores(dst, obs, scratch)
}

// Probs implements lepton.Policy. Scores and probabilities share p.
func (r *ranked) Probs(p []float64, obs *lepton.Observation, scratch *lepton.Scratch) {
	r.Scores(p, obs, scratch)
	switch r.rule {
	case ruleGreedy:
		epsilonGreedy(p, obs, 0)
	case ruleEpsilon:
		epsilonGreedy(p, obs, r.param)
	default:
		softmax(p, obs, r.param)
	}
}

// epsilonGreedy turns the scores in p into probabilities.
func epsilonGreedy(p []float64, obs *lepton.Observation, epsilon float64) {
	best := bestLegal(p, obs)
	if best < 0 {
		unusable(p, obs)
		return
	}
	if epsilon == 0 {
		clear(p)
		p[best] = 1
		return
	}
	share := epsilon / float64(obs.LegalCount())
	fillLegal(p, obs, share, 0)
	p[best] = 1 - epsilon + share
}

// bestLegal returns the first legal action with the highest score; −1 when none is legal or a legal one
// has the score NaN.
func bestLegal(scores []float64, obs *lepton.Observation) int {
	best, top := -1, math.Inf(-1)
	masked := obs.LegalCount() < len(scores)
	for i, s := range scores {
		if s > top && !(masked && !obs.Legal(i)) {
			best, top = i, s
		} else if s != s && obs.Legal(i) {
			return -1
		}
	}
	if best < 0 { // all are −Inf, and so equal
		for i := range scores {
			if obs.Legal(i) {
				return i
			}
		}
	}
	return best
}

// rankedSaver is the ability to save a ranked policy.
type rankedSaver struct {
	policy *ranked
	scorer lepton.Saver
}

// Kind implements lepton.Saver.
func (s rankedSaver) Kind() string { return ruleKinds[s.policy.rule] }

// WriteTo implements lepton.Saver.
func (s rankedSaver) WriteTo(w io.Writer) (int64, error) { return writeTo(w, s) }

func (s rankedSaver) write(b *payload) {
	b.Float(s.policy.param)
	b.part(s.scorer)
}
