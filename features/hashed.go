package features

import (
	"fmt"

	"golang.org/x/exp/constraints"

	"github.com/leptonsched/lepton/internal/rng"
)

// Hashed spreads a value with many names (users, images) over a fixed number of columns: the hash
// chooses the column and writes +1 or −1 there, so that collisions cancel out on average (feature
// hashing with signs, Weinberger et al. 2009, §2). buckets ≥ 1; another seed gives other collisions.
func Hashed[T any](name string, buckets int, seed uint64, get func(T) string) Feature[T] {
	return hashed(name, buckets, get != nil, func(x T) uint64 { return rng.Mix(seed, HashID(get(x))) })
}

// HashedID is Hashed for a value that is an integer, such as an ID.
func HashedID[T any, I constraints.Integer](name string, buckets int, seed uint64, get func(T) I) Feature[T] {
	return hashed(name, buckets, get != nil, func(x T) uint64 { return rng.Mix(seed, uint64(get(x))) })
}

func hashed[T any](name string, buckets int, hasGet bool, hash func(T) uint64) Feature[T] {
	if buckets < 1 || buckets > 1<<20 {
		return scalar[T](name, hasGet, nil, fault(name, "has %d buckets, want 1 to %d", buckets, 1<<20))
	}
	names := make([]string, buckets)
	for i := range names {
		names[i] = fmt.Sprintf("%s#%d", name, i)
	}
	n := uint64(buckets)
	return group(names, hasGet, nil, func(row []float64, x T) {
		h := hash(x)
		sign := 1.0
		if h>>63 == 1 {
			sign = -1
		}
		row[h&(1<<63-1)%n] = sign
	})
}

// HashID makes an action's ID of a name, the same on every machine: 64-bit FNV-1a. Of a million names
// two collide with probability 3e-8.
func HashID(name string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(name) {
		h = (h ^ uint64(name[i])) * 1099511628211
	}
	return h
}
