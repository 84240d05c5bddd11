package rl

import (
	"fmt"
	"io"
	"math"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/codec"
)

const kindSPIBBPolicy = "rl.spibb_policy"

// improve gives to the best of the actions that were logged at least minCount times all that p, the incumbent's
// probabilities, gives to any of them; those that are equally good, as two candidates of one key are, share it.
// values is what actions are worth, counts how often they were logged.
func improve(p, values, counts []float64, minCount int) {
	best, ties, moved := math.Inf(-1), 0.0, 0.0
	for i, n := range counts {
		if n < float64(minCount) {
			continue
		}
		if values[i] > best {
			best, ties = values[i], 0
		}
		if values[i] == best {
			ties++
		}
		moved += p[i]
	}
	for i, n := range counts {
		switch {
		case n < float64(minCount):
		case values[i] == best:
			p[i] = moved / ties
		default:
			p[i] = 0
		}
	}
}

// spibbPolicy is the incumbent, improved. values holds what each action logged is worth, and how often it was.
type spibbPolicy struct {
	spec      lepton.Spec
	key       func(*lepton.Observation) uint64
	actionKey func(*lepton.Observation, int) uint64
	incumbent lepton.Policy // nil: the shares of the actions in the log
	minCount  int
	values    *countTable
}

// Probs implements lepton.Policy.
func (p *spibbPolicy) Probs(dst []float64, obs *lepton.Observation, scratch *lepton.Scratch) {
	n := len(dst)
	values, counts := scratch.Floats(n), scratch.Floats(n)
	known, total := p.values.state(p.key(obs)), 0.0
	for i := range dst {
		values[i], counts[i] = math.NaN(), 0
		if !obs.Legal(i) {
			continue
		}
		if e := findEntry(known, p.actionKey(obs, i)); e != nil {
			values[i], counts[i] = e.value, float64(e.n)
			total += counts[i]
		}
	}
	switch {
	case p.incumbent != nil:
		p.incumbent.Probs(dst, obs, scratch)
	case total > 0:
		for i, c := range counts {
			dst[i] = c / total
		}
	default:
		share := 1 / float64(obs.LegalCount())
		for i := range dst {
			dst[i] = 0
			if obs.Legal(i) {
				dst[i] = share
			}
		}
	}
	improve(dst, values, counts, p.minCount)
}

// Scores implements lepton.Scorer: the probability of each action.
func (p *spibbPolicy) Scores(dst []float64, obs *lepton.Observation, scratch *lepton.Scratch) {
	p.Probs(dst, obs, scratch)
	for i := range dst {
		if !obs.Legal(i) {
			dst[i] = math.Inf(-1)
		}
	}
}

// Spec implements lepton.Specced.
func (p *spibbPolicy) Spec() lepton.Spec { return p.spec }

// Kind implements lepton.Saver.
func (p *spibbPolicy) Kind() string { return kindSPIBBPolicy }

// WriteTo implements lepton.Saver.
func (p *spibbPolicy) WriteTo(w io.Writer) (int64, error) {
	var b codec.Writer
	writeSpec(&b, p.spec)
	b.Int(p.minCount)
	b.Bool(p.incumbent != nil)
	p.values.write(&b)
	return codec.WriteContainer(w, kindSPIBBPolicy, b.Bytes())
}

// decode reads a policy that uses p's keys and incumbent.
func (p *spibbPolicy) decode(kind string, r io.Reader) (lepton.Policy, error) {
	body, err := readContainer(kind, kindSPIBBPolicy, r)
	if err != nil {
		return nil, err
	}
	in := codec.NewReader(body)
	q := *p
	if err := readSpec(in, p.spec, kindSPIBBPolicy); err != nil {
		return nil, err
	}
	if q.minCount = in.Int(); q.minCount < 1 {
		in.Fail("a smallest count of %d", q.minCount)
	}
	if in.Bool() != (p.incumbent != nil) {
		in.Fail("one of two has an incumbent, file or learner")
	}
	q.values = readCountTable(in)
	if err := in.Close(); err != nil {
		return nil, fmt.Errorf("rl: decoding %q: %w", kindSPIBBPolicy, err)
	}
	return &q, nil
}
