package sim

import "math"

// heuristics are the rules with s the submission, n the processors, r the run time asked for (or predicted) and t
// the clock, in the words of the reference. Products are rounded before they are added (float64(…)), so that
// no machine fuses them and all agree.
//
// F1 to F4: Carastan-Santos & de Camargo, SC'17, table 3. WFP3 and UNICEP: Tang et al., CLUSTER'09, in the form
// of Zhang et al., SC'20, whose simulator takes −1 − s for the wait (a queued job's start is −1 there); the
// ones called fixed take the wait. SAF: smallest area first.
var heuristics = [...]BatchHeuristic{
	{name: "FCFS", static: true, score: func(s, n, r, t float64) (float64, float64) { return s, 0 }},
	{name: "SJF", static: true, pair: true, score: func(s, n, r, t float64) (float64, float64) { return r, s }},
	{name: "Smallest", static: true, pair: true, score: func(s, n, r, t float64) (float64, float64) { return n, s }},
	{name: "SAF", static: true, pair: true, score: func(s, n, r, t float64) (float64, float64) { return r * n, s }},
	{name: "F1", static: true, score: func(s, n, r, t float64) (float64, float64) {
		return float64(math.Log10(atLeastTenth(r))*n) + float64(870*math.Log10(atLeastTenth(s))), 0
	}},
	{name: "F2", static: true, score: func(s, n, r, t float64) (float64, float64) {
		return float64(math.Sqrt(r)*n) + float64(25600*math.Log10(s)), 0
	}},
	{name: "F3", static: true, score: func(s, n, r, t float64) (float64, float64) {
		return float64(r*n) + float64(6860000*math.Log10(s)), 0
	}},
	{name: "F4", static: true, score: func(s, n, r, t float64) (float64, float64) {
		return float64(r*math.Sqrt(n)) + float64(530000*math.Log10(s)), 0
	}},
	{name: "WFP3", static: true, score: func(s, n, r, t float64) (float64, float64) { return wfp3(-1-s, n, r), 0 }},
	{name: "UNICEP", static: true, score: func(s, n, r, t float64) (float64, float64) { return unicep(-1-s, n, r), 0 }},
	{name: "WFP3_fixed", score: func(s, n, r, t float64) (float64, float64) { return wfp3(t-s, n, r), 0 }},
	{name: "UNICEP_fixed", score: func(s, n, r, t float64) (float64, float64) { return unicep(t-s, n, r), 0 }},
}

// wfp3 is −(w/r)³·n.
func wfp3(w, n, r float64) float64 {
	x := w / r
	return -(x * x * x) * n
}

// unicep is −w/(log2(n)·r), with 1e-15 against dividing by 0.
func unicep(w, n, r float64) float64 {
	const epsilon = 1e-15
	return -(w + epsilon) / (log2(n+epsilon) * r)
}

// atLeastTenth replaces what has no logarithm by 0.1.
func atLeastTenth(x float64) float64 {
	if x <= 0 {
		return 0.1
	}
	return x
}

// log2 is accurate just above 1 too, where math.Log2 loses digits.
func log2(x float64) float64 {
	if math.Abs(x-1) < 1e-9 {
		return math.Log1p(x-1) / math.Ln2
	}
	return math.Log2(x)
}

var (
	nan    = math.NaN()
	negInf = math.Inf(-1)
)
