// Package reward holds ready-made parts for a lepton.RewardFunc: closures, sums, weights, limits, and
// the measures by which batch schedulers are judged.
//
// A reward says what one outcome was worth; higher is better, so that costs come with a minus. Begin
// with one closure:
//
//	price := reward.Func[Done](func(_ lepton.Decision, o Done) float64 { return -o.Wait.Seconds() })
//
// and, when several things count, give each a name and a weight with NewTerms: a report can then show
// which of them moved.
//
// # Rules
//
// Closures are called from every goroutine that reports: they are pure, do not block and are not nil;
// NewTerms checks the last, the bare combinators trust it. NaN and
// infinities are passed on as they come, Clip included for NaN, since the facade refuses and counts
// them; hiding them here would hide a fault of the embedder.
//
// # What it does not do
//
// It does not discount, and it does not shape: γ and potentials live in lepton.CreditOptions, so that
// a reward stays a function of the outcome.
package reward
