//go:build !race

package policy_test

// allocsAllowed is what a decision may allocate: under the race detector sync.Pool drops on purpose.
const allocsAllowed = 0.0
