package policy

import (
	"io"

	"github.com/leptonsched/lepton"
)

const kindUniform = "policy.uniform"

type uniform struct{}

// Uniform chooses among the legal actions with equal probability. It is a lepton.Saver.
func Uniform() lepton.Policy { return uniform{} }

// Probs implements lepton.Policy.
func (uniform) Probs(p []float64, obs *lepton.Observation, _ *lepton.Scratch) {
	fillLegal(p, obs, 1/float64(obs.LegalCount()), 0)
}

// Kind implements lepton.Saver.
func (uniform) Kind() string { return kindUniform }

// WriteTo implements lepton.Saver.
func (u uniform) WriteTo(w io.Writer) (int64, error) { return writeTo(w, u) }

func (uniform) write(*payload) {}
