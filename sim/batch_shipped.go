package sim

import (
	"bytes"
	_ "embed"
	"sync"
)

// shippedBatchModel was written by
//
//	lepton batch learn -seed 1 -o sim/models/batch.lepton
//
//go:embed models/batch.lepton
var shippedBatchModel []byte

var readShipped = sync.OnceValues(func() (BatchModel, error) { return ReadBatchModel(bytes.NewReader(shippedBatchModel)) })

// ShippedBatchModel returns a network that orders a batch queue of any site, for the mean bounded slowdown. It was learned on generated
// workloads alone (LearnBatch on GeneratedSequence), sees the queue as BatchForesight shows it, and has not met any
// site's trace; docs/batch.md says how it does on some. The error is ErrBatchModel and should not occur.
func ShippedBatchModel() (BatchModel, error) { return readShipped() }
