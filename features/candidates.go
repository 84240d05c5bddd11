package features

import (
	"errors"

	"github.com/leptonsched/lepton"
)

// Candidate is what the features of an action space read: one action, beside the state in which it is
// offered. Name it once, for closures that read well:
//
//	type candidate = features.Candidate[*Pool, Worker]
type Candidate[S, A any] struct {
	State  S
	Action A
}

// CandidateSpace is a lepton.ActionSpace and lepton.Namer over a list that changes from decision to
// decision. Immutable, safe for concurrent use; it allocates nothing of its own.
type CandidateSpace[S, A any] struct {
	layout layout[Candidate[S, A]]
	list   func(S) []A
	count  func(S) int // with at, in place of list
	at     func(S, int) A
	id     func(A) uint64
}

// Candidates makes an action space that offers what list returns, in that order, under the names that
// id gives: stable while an action is on offer, and different from one another (HashID makes one of a
// string). list must not build a new slice, or each decision allocates; see CandidatesAt. The error
// lists every fault: no features, nil closures, names that are missing or given twice, and what each
// kind refuses.
func Candidates[S, A any](list func(S) []A, id func(A) uint64, features ...Feature[Candidate[S, A]]) (*CandidateSpace[S, A], error) {
	c := &CandidateSpace[S, A]{list: list, id: id}
	return c.build("Candidates", list == nil || id == nil, features)
}

// CandidatesAt is Candidates for a list that is not a slice of A: count says how many actions there
// are and at returns action i. With pointers into a slice of large structs it also spares the copy that
// each closure gets of the struct (see BenchmarkOffer).
func CandidatesAt[S, A any](count func(S) int, at func(S, int) A, id func(A) uint64, features ...Feature[Candidate[S, A]]) (*CandidateSpace[S, A], error) {
	c := &CandidateSpace[S, A]{count: count, at: at, id: id}
	return c.build("CandidatesAt", count == nil || at == nil || id == nil, features)
}

func (c *CandidateSpace[S, A]) build(who string, missing bool, features []Feature[Candidate[S, A]]) (*CandidateSpace[S, A], error) {
	l, faults := compile(features)
	if missing {
		faults = append(faults, errors.New("features: "+who+" has a nil closure"))
	}
	if len(l.names) == 0 {
		faults = append(faults, errors.New("features: "+who+" has no features"))
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	c.layout = l
	return c, nil
}

// ActionSpec returns 0, as the number of actions varies, and the number of features of each.
func (c *CandidateSpace[S, A]) ActionSpec() (n, dim int) { return 0, len(c.layout.names) }

// Offer adds every candidate of s.
func (c *CandidateSpace[S, A]) Offer(set lepton.ActionSet, s S) {
	if c.list != nil {
		for _, a := range c.list(s) {
			c.add(set, Candidate[S, A]{s, a})
		}
		return
	}
	for i := range c.count(s) {
		c.add(set, Candidate[S, A]{s, c.at(s, i)})
	}
}

func (c *CandidateSpace[S, A]) add(set lepton.ActionSet, x Candidate[S, A]) {
	c.layout.fill(set.Add(c.id(x.Action), c.layout.isLegal(x)), x)
}

// FeatureNames returns the names in their order; the caller must not change them.
func (c *CandidateSpace[S, A]) FeatureNames() []string { return c.layout.names }
