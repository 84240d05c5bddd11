package policy

import (
	"errors"
	"io"
	"math"

	"github.com/leptonsched/lepton"
)

const kindModel = "policy.model"

// Model is a fitted model that predicts one number; those of package supervised are. Predict is called
// from every goroutine that decides: pure, and it does not keep x.
type Model interface {
	Predict(x []float64) float64
}

// FromModel returns a scorer for the observations of spec that ranks actions by what m predicts; higher
// is better.
//
// m sees [state, row]. In a fixed space whose actions have no features it sees [state, one-hot action]
// instead, StateDim+Actions values. A space with neither is refused with a *lepton.SpecError.
//
// The scorer is a lepton.Specced, and a lepton.Saver when m is; see Decoder for reading it back.
func FromModel(m Model, spec lepton.Spec) (lepton.Scorer, error) {
	if m == nil {
		return nil, errors.New("policy: no model")
	}
	if err := spec.Validate(); err != nil {
		return nil, err
	}
	if spec.ActionDim == 0 && spec.Actions == 0 {
		return nil, &lepton.SpecError{Who: "policy.FromModel", Reasons: []string{"actions have neither features nor a fixed number"}}
	}
	s := &modelScorer{model: m, spec: spec}
	if saver, ok := m.(lepton.Saver); ok {
		return &savedModelScorer{s, saver}, nil
	}
	return s, nil
}

type modelScorer struct {
	model Model
	spec  lepton.Spec
}

// Spec implements lepton.Specced.
func (s *modelScorer) Spec() lepton.Spec { return s.spec }

// Scores implements lepton.Scorer.
func (s *modelScorer) Scores(dst []float64, obs *lepton.Observation, scratch *lepton.Scratch) {
	state := obs.State()
	if len(state) != s.spec.StateDim || obs.ActionDim() != s.spec.ActionDim {
		unrankable(dst, obs)
		return
	}
	width := s.spec.ActionDim
	if width == 0 {
		width = s.spec.Actions
	}
	x := scratch.Floats(len(state) + width)
	copy(x, state)
	tail := x[len(state):]
	for i := range dst {
		if !obs.Legal(i) {
			dst[i] = math.Inf(-1)
			continue
		}
		if s.spec.ActionDim > 0 {
			copy(tail, obs.Action(i))
		} else {
			clear(tail)
			if obs.ID(i) >= uint64(width) {
				dst[i] = math.NaN()
				continue
			}
			tail[obs.ID(i)] = 1
		}
		dst[i] = s.model.Predict(x)
	}
}

type savedModelScorer struct {
	*modelScorer
	saver lepton.Saver
}

// Kind implements lepton.Saver.
func (s *savedModelScorer) Kind() string { return kindModel }

// WriteTo implements lepton.Saver.
func (s *savedModelScorer) WriteTo(w io.Writer) (int64, error) { return writeTo(w, s) }

func (s *savedModelScorer) write(b *payload) {
	writeSpec(&b.Writer, s.spec)
	b.part(s.saver)
}
