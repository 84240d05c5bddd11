package nn

import "sync"

// Shards calls work once for each of n shards, on as many goroutines as workers says, and returns when all are
// done. What a shard computes may not depend on which goroutine it runs on, and the caller adds the results
// up in the order of the shards: then the sum is the same for any number of workers.
func Shards(n, workers int, work func(shard int)) {
	if workers = min(workers, n); workers <= 1 {
		for i := range n {
			work(i)
		}
		return
	}
	var group sync.WaitGroup
	for w := range workers {
		group.Go(func() {
			for i := w; i < n; i += workers {
				work(i)
			}
		})
	}
	group.Wait()
}
