package reward

import "github.com/leptonsched/lepton"

// BoundedSlowdown is max(1, (wait+run)/max(run, threshold)): how many times longer a job took than it
// had to, where jobs shorter than threshold do not count for more than they are worth (Feitelson et
// al. 1997, "Theory and practice in parallel job scheduling"; the usual threshold is 10 s). All three
// in the same unit. It is NaN when wait, run or threshold is, or when run and threshold are both 0 and wait
// is 0 too.
func BoundedSlowdown(wait, run, threshold float64) float64 {
	return max(1, (wait+run)/max(run, threshold))
}

// Wait is the time from submission to start, in the unit of both. NaN when either is.
func Wait(submit, start float64) float64 { return start - submit }

// Slowdown rewards a finished job with minus its BoundedSlowdown: −1 at best.
func Slowdown[O any](threshold float64, wait, run func(O) float64) Func[O] {
	return func(_ lepton.Decision, outcome O) float64 {
		return -BoundedSlowdown(wait(outcome), run(outcome), threshold)
	}
}

// Waiting rewards a started job with minus its Wait: 0 at best.
func Waiting[O any](submit, start func(O) float64) Func[O] {
	return func(_ lepton.Decision, outcome O) float64 {
		return submit(outcome) - start(outcome) // not −Wait, which would be −0 for none
	}
}

// Tardiness rewards a job with a deadline with minus the time by which it was missed, 0 when it was
// met: min(0, due−end), in the unit of both (Pinedo, "Scheduling", §2.1). No deadline: let due be
// +Inf. NaN when either is.
func Tardiness[O any](due, end func(O) float64) Func[O] {
	return func(_ lepton.Decision, outcome O) float64 {
		return min(0, due(outcome)-end(outcome))
	}
}
