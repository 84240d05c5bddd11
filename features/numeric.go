package features

import "math"

// Numeric is the value itself as float64. NaN and infinities are passed on. A time.Duration comes out
// in nanoseconds: give Scaled its unit.
func Numeric[T any, N Number](name string, get func(T) N) Feature[T] {
	return scalar(name, get != nil, float(get))
}

// Scaled is value/unit, where unit is a constant of the problem (a capacity, float64(time.Second)),
// finite and not 0. NaN and infinities are passed on. Constants estimated from data belong to a Scaler.
func Scaled[T any, N Number](name string, unit float64, get func(T) N) Feature[T] {
	var faults []error
	if unit == 0 || !finite(unit) {
		faults = append(faults, fault(name, "has unit %v, want a finite one that is not 0", unit))
	}
	return scalar(name, get != nil, func(x T) float64 { return float64(get(x)) / unit }, faults...)
}

// Clipped is the value held within [lo, hi], infinities too. NaN stays NaN.
func Clipped[T any, N Number](name string, lo, hi float64, get func(T) N) Feature[T] {
	var faults []error
	if !(lo <= hi) {
		faults = append(faults, fault(name, "is clipped to [%v, %v], want lo ≤ hi", lo, hi))
	}
	return scalar(name, get != nil, func(x T) float64 { return clip(float64(get(x)), lo, hi) }, faults...)
}

// Log1p is sign(x)·log(1+|x|), which tames values that span magnitudes, of either sign. NaN and
// infinities are passed on.
func Log1p[T any, N Number](name string, get func(T) N) Feature[T] {
	return scalar(name, get != nil, func(x T) float64 {
		v := float64(get(x))
		return math.Copysign(math.Log1p(math.Abs(v)), v)
	})
}

// Ratio is part/whole. It is 0 where whole is 0, whatever part is; NaN and infinities are passed on.
func Ratio[T any, N Number](name string, get func(T) (part, whole N)) Feature[T] {
	return scalar(name, get != nil, func(x T) float64 {
		part, whole := get(x)
		if whole == 0 {
			return 0
		}
		return float64(part) / float64(whole)
	})
}

// Bool is 1 for true and 0 for false.
func Bool[T any](name string, get func(T) bool) Feature[T] {
	return scalar(name, get != nil, func(x T) float64 {
		if get(x) {
			return 1
		}
		return 0
	})
}

// float converts what get returns. A closure that returns float64 already is used as it is, which
// saves a call per feature and candidate.
func float[T any, N Number](get func(T) N) func(T) float64 {
	if direct, ok := any(get).(func(T) float64); ok {
		return direct
	}
	return func(x T) float64 { return float64(get(x)) }
}

// clip holds v within [lo, hi]; NaN stays NaN.
func clip(v, lo, hi float64) float64 {
	switch {
	case v < lo:
		return lo
	case v > hi:
		return hi
	}
	return v
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
