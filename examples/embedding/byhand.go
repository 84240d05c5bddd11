package main

import "github.com/leptonsched/lepton"

// This file is the encoder and the action space of adapt.go once more, written out by hand: for those
// who want to see what the builders do, or who have loops that no builder knows. A test holds the two
// pairs to the same numbers.

// snippet: byhand

// handEncoder implements lepton.StateEncoder.
type handEncoder struct{}

// StateDim is the number of values that AppendState appends.
func (handEncoder) StateDim() int { return int(kinds) + 1 }

// AppendState appends a one-hot of the job's kind, and the backlog.
func (handEncoder) AppendState(dst []float64, p *Pool) []float64 {
	for kind := range kinds {
		dst = append(dst, oneIf(p.Job.Kind == kind))
	}
	return append(dst, float64(backlog(p)))
}

// handActions implements lepton.ActionSpace. The rows hold what those of newActions hold.
type handActions struct{ fits []fit }

// ActionSpec says that the number of workers varies, and how many values describe each.
func (a handActions) ActionSpec() (n, dim int) { return 0, 1 + len(a.fits) }

// Offer adds every worker under its own name, those too that may not be chosen now.
func (a handActions) Offer(set lepton.ActionSet, p *Pool) {
	for _, w := range p.Workers {
		row := set.Add(w.ID, w.Waiting < maxWaiting && !w.Refused)
		row[0] = float64(w.Waiting)
		for i, f := range a.fits {
			row[1+i] = oneIf(f == fit{w.Class, p.Job.Kind})
		}
	}
}

// end snippet

func oneIf(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
