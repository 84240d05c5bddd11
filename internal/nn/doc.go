// Package nn holds the networks of the learners: multilayer perceptrons on float32 with their gradients.
//
// A Batch is groups of rows: one group is one decision, a row one candidate, and the features of the
// state are shared by the rows of a group. One small perceptron scores every row (MLP); where candidates
// matter to each other, a mean over the group goes into a second pass (Context) or into one value for the
// whole group (Pool). A plain batch is a single group without shared features.
//
// A network is its shape alone; its parameters are one flat slice that the caller owns, so that an
// optimiser, a copy, a checkpoint and a check for NaN are each one loop. A Tape keeps what the forward
// pass computed for the backward pass, and its memory for the next.
//
//	net := nn.NewMLP(stateDim, rowDim, []int{32, 16, 8}, 1, nn.ReLU)
//	params := make([]float32, net.Params())
//	net.Init(params, rand, 1)
//	scores := net.Forward(&tape, params, &batch)
//	net.Backward(&tape, params, &batch, dScores, grads)
//
// Shapes and Batches may be shared by readers; a Tape belongs to one goroutine. Sums have a fixed order, and
// a row's result depends on its own group alone.
package nn
