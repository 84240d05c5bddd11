package features

import (
	"math"
	"strconv"
)

// Buckets is a one-hot of the interval that the value lies in: below edges[0], from edges[0] up to
// below edges[1], …, from the last edge on. Edges ascend strictly and are finite. Infinities fall into
// the outer intervals; NaN sets no column.
func Buckets[T any, N Number](name string, edges []float64, get func(T) N) Feature[T] {
	cuts, faults := checkCuts(edges)
	for i, err := range faults {
		faults[i] = fault(name, "%w", err)
	}
	if len(edges) == 0 {
		faults = append(faults, fault(name, "has no edges"))
	}
	return group(bucketNames(name, cuts), get != nil, faults, func(row []float64, x T) {
		if v := float64(get(x)); !math.IsNaN(v) {
			row[bin(cuts, v)] = 1
		}
	})
}

// LogBucket is Buckets with the n−1 edges first, first·base, first·base², …: n columns for a value
// that spans magnitudes. first > 0, base > 1, n ≥ 2.
func LogBucket[T any, N Number](name string, first, base float64, n int, get func(T) N) Feature[T] {
	if !(first > 0) || !(base > 1) || n < 2 {
		return scalar[T](name, true, nil, fault(name, "has first %v, base %v and %d buckets, want > 0, > 1 and ≥ 2", first, base, n))
	}
	edges := make([]float64, n-1)
	for i := range edges {
		edges[i] = first * math.Pow(base, float64(i))
	}
	return Buckets(name, edges, get)
}

func bucketNames(name string, edges []float64) []string {
	text := func(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
	if len(edges) == 0 {
		return []string{name}
	}
	names := []string{name + "<" + text(edges[0])}
	for i, e := range edges[1:] {
		names = append(names, name+"=["+text(edges[i])+","+text(e)+")")
	}
	return append(names, name+">="+text(edges[len(edges)-1]))
}
