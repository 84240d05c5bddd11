// Package benchmarks measures the library as an embedder uses it, beside golearn where that does the same
// work. It holds tests alone:
//
//	go test -bench . ./benchmarks
//
// Three questions, each with tests which check that what is compared does the same job:
//
//   - Fit and Predict: what do supervised models cost, and how accurate are they, beside those of golearn on the
//     same rows? The names end in /library=lepton and /library=golearn, so that benchstat sets them side by side
//     with -col /library.
//   - Decide, Rank, DecideReport, Learn: what does a whole decision cost through the facade, and how many transitions
//     a second does a learner take in?
//   - Quality: what do policies earn in a small world whose best policy is known, and what do learned ones? The
//     metrics are the result there; the time is that of one answer.
//
// Data and worlds are generated from fixed seeds. golearn draws from the process's shared random source, so
// that its forests and networks differ a little from run to run; nothing of ours does.
//
// docs/benchmarks.md has the tables and says what they mean. What it does not do: guard against a slower
// release (compare two runs with benchstat), or measure single packages, which have benchmarks of their own.
package benchmarks
