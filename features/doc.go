// Package features builds state encoders and action spaces from closures over the embedder's own
// types, and holds what is estimated from data before a policy sees it: bins, scaling, imputation,
// selection.
//
// State composes features of a state, Candidates features of each candidate, Discrete those of a fixed
// list of named actions. One set of kinds serves all three: a Feature[T] reads a T, which is the state
// itself in an encoder and a Candidate (state and action together) in an action space. Type parameters
// are inferred from the closures:
//
//	enc, err := features.State(
//		features.Numeric("queued", func(p *Pool) int { return p.Queued }),
//		features.OneHot("kind", []string{"batch", "web"}, func(p *Pool) string { return p.Job.Kind }),
//	)
//
//	type candidate = features.Candidate[*Pool, Worker]
//	workers, err := features.Candidates(
//		func(p *Pool) []Worker { return p.Workers },
//		func(w Worker) uint64 { return w.ID },
//		features.Legal(func(c candidate) bool { return c.Action.Up }),
//		features.Ratio("load", func(c candidate) (int, int) { return c.Action.Running, c.Action.Slots }),
//	)
//
// # Rules
//
// Closures are called from every goroutine that decides: they are pure, do not block and allocate
// nothing. States and actions are passed by value; where they are large structs, let S and A be
// pointers. A kind that is missing here is a Fill away, and so are the nanoseconds that composing
// closures costs: it writes a whole row with one call.
//
// Numbers are passed on as they are, NaN and infinities included, unless the kind says otherwise; what
// is missing is filled in by a Scaler, which was fitted on data and travels in the policy's snapshot.
// Nothing that was estimated from data belongs into an encoder: stored observations would change
// their meaning.
//
// # Fitted parts
//
// A Scaler fills gaps, clips outliers and scales, column by column. ScaledPolicy and ScaledLearner put
// Scalers before a policy or a learner, so that they travel in its snapshots and checkpoints; Decoder reads
// those policies back. A Discretizer turns an observation into a table key. Variance, Correlation and
// MutualInformation score columns, Top and AtLeast select by such scores or by a model's importances. All
// but a ScaledLearner are immutable and safe for concurrent use.
//
// # What it does not do
//
// It keeps no history: averages over a window belong into the embedder's state.
package features
