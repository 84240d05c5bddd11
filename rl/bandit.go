package rl

import (
	"context"
	"fmt"
	"io"
	"math"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/codec"
)

// BanditStats says what a bandit knows, and what it could not use.
type BanditStats struct {
	Actions int    // actions (of UCB1 with a Key: pairs of key and action) known
	Evicted uint64 // actions forgotten, the least recently updated first, to make room for new ones
	Faults  uint64 // outcomes left out: not finite or beyond 1e100, not of the spec, an action that was not legal
}

// bandit is what all bandits have in common: outcomes are taken in as they come, and a policy is published
// once there are enough of them.
type bandit struct {
	kind     string
	spec     lepton.Spec
	batch    int
	pending  int // outcomes since the latest publication
	progress lepton.Progress
	faults   uint64
	failed   bool // something since the last Step was not finite
}

func newBandit(kind string, spec lepton.Spec, batch int) bandit {
	return bandit{kind: kind, spec: spec, batch: batch, progress: lepton.Progress{Loss: math.NaN(), Idle: true}}
}

// refuse counts an outcome that is left out.
func (b *bandit) refuse(finite bool) {
	b.faults++
	b.failed = b.failed || !finite
}

// learned counts an outcome that was taken in, whose reward was off by delta.
func (b *bandit) learned(delta float64) {
	b.progress.Updates++
	b.progress.Loss = delta * delta / 2
	b.pending++
	b.progress.Idle = b.pending < b.batch
}

// step is Step: it calls publish when it is time to.
func (b *bandit) step(ctx context.Context, publish func()) (lepton.Progress, error) {
	if err := ctx.Err(); err != nil {
		return b.progress, err
	}
	if b.pending >= b.batch {
		publish()
		b.pending = 0
	}
	b.progress.Idle = true
	if b.failed {
		b.failed = false
		return b.progress, ErrNotFinite
	}
	return b.progress, nil
}

// Needs implements lepton.Needer: what was not chosen teaches nothing.
func (b *bandit) Needs() lepton.Needs { return lepton.Needs{} }

// Spec implements lepton.Specced.
func (b *bandit) Spec() lepton.Spec { return b.spec }

// Kind implements lepton.Saver.
func (b *bandit) Kind() string { return b.kind }

func (b *bandit) write(w *codec.Writer) {
	writeSpec(w, b.spec)
	writeProgress(w, b.progress)
	w.Int(b.pending)
	w.Uint64(b.faults)
	w.Bool(b.failed)
}

// read returns a bandit with what write wrote.
func (b *bandit) read(r *codec.Reader) (bandit, error) {
	next := *b
	if err := readSpec(r, b.spec, b.kind); err != nil {
		return next, err
	}
	next.progress, next.pending = readProgress(r), r.Int()
	next.faults, next.failed = r.Uint64(), r.Bool()
	if next.pending < 0 {
		r.Fail("%d outcomes pending", next.pending)
	}
	next.progress.Idle = next.pending < next.batch
	return next, r.Err()
}

// epsilonFault and batchFault check what every bandit's options hold.
func epsilonFault(of string, epsilon float64) error {
	if epsilon >= 0 && epsilon <= 1 {
		return nil
	}
	return fmt.Errorf("rl: %s.Epsilon is %v, want 0 to 1", of, epsilon)
}

func atLeast(of, name string, n, least int) error {
	if n >= least {
		return nil
	}
	return fmt.Errorf("rl: %s.%s is %d, want %d or more", of, name, n, least)
}

func within(of, name string, n, least, most int) error {
	if n >= least && n <= most {
		return nil
	}
	return fmt.Errorf("rl: %s.%s is %d, want %d to %d", of, name, n, least, most)
}

// positive reports a setting that is not above 0, or beyond all reason.
func positive(of, name string, x float64) error {
	if x > 0 && moderate(x) {
		return nil
	}
	return fmt.Errorf("rl: %s.%s is %v, want above 0 and below 1e100", of, name, x)
}

// shareBest turns the scores in p into probabilities: the legal actions with the highest score share
// 1−ε evenly, all legal ones ε. Actions that look the same so get the same, and outcomes that come late do not
// leave the first of them to be chosen again and again. A score that is not finite makes p unusable.
func shareBest(p []float64, obs *lepton.Observation, epsilon float64) {
	top, ties := math.Inf(-1), 0
	for i, s := range p {
		switch {
		case !obs.Legal(i):
		case !finite(s):
			noProbs(p, obs)
			return
		case s > top:
			top, ties = s, 1
		case s == top:
			ties++
		}
	}
	every, best := epsilon/float64(obs.LegalCount()), (1-epsilon)/float64(ties)
	for i, s := range p {
		switch {
		case !obs.Legal(i):
			p[i] = 0
		case s == top:
			p[i] = every + best
		default:
			p[i] = every
		}
	}
}

// noProbs says that no probabilities can be given: NaN for every legal action.
func noProbs(p []float64, obs *lepton.Observation) {
	for i := range p {
		p[i] = 0
		if obs.Legal(i) {
			p[i] = math.NaN()
		}
	}
}

// decodePolicy is how bandits implement lepton.PolicyDecoder.
func decodePolicy(asked, want string, r io.Reader, read func(*codec.Reader) (lepton.Policy, error)) (lepton.Policy, error) {
	body, err := readContainer(asked, want, r)
	if err != nil {
		return nil, err
	}
	in := codec.NewReader(body)
	p, err := read(in)
	if err == nil {
		err = in.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("rl: decoding %q: %w", want, err)
	}
	return p, nil
}
