package leptontest

import "runtime"

// work gives other goroutines their turn, so that a shared buffer is seen to be shared.
func work() { runtime.Gosched() }
