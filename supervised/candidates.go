package supervised

import (
	"math/rand/v2"

	"github.com/leptonsched/lepton/internal/rng"
)

// Axis is one hyper-parameter of the options O with the values that a Grid gives it. Vary makes one.
type Axis[O any] []func(*O)

// Vary is the axis on which set puts one of values into the options.
func Vary[O, T any](set func(o *O, v T), values ...T) Axis[O] {
	axis := make(Axis[O], len(values))
	for k, v := range values {
		axis[k] = func(o *O) { set(o, v) }
	}
	return axis
}

// Grid returns every combination of the axes' values in copies of base, the last axis varying fastest;
// base alone when there are no axes, and nothing when one of them has no values.
func Grid[O any](base O, axes ...Axis[O]) []O {
	all := []O{base}
	for _, axis := range axes {
		var next []O
		for _, o := range all {
			for _, set := range axis {
				changed := o
				set(&changed)
				next = append(next, changed)
			}
		}
		all = next
	}
	return all
}

// Draws returns n copies of base, each changed by draw with a random source of its own, so that the
// first of them do not depend on n. Where few hyper-parameters matter, it finds good ones sooner than a
// Grid of as many candidates (Bergstra & Bengio, Random Search for Hyper-Parameter Optimization, 2012).
func Draws[O any](base O, n int, seed uint64, draw func(o *O, r *rand.Rand)) []O {
	all := make([]O, max(n, 0))
	for k := range all {
		all[k] = base
		draw(&all[k], rng.New(rng.Mix(seed, uint64(k)), "supervised.Draws"))
	}
	return all
}
