package evaluate

import (
	"math"
	"strconv"
	"strings"
)

// short writes v for people: about four significant digits, no exponent where a plain number is shorter.
func short(v float64) string {
	a := math.Abs(v)
	switch {
	case math.IsInf(v, 0):
		return "unknown"
	case a == 0:
		return "0"
	case a >= 1e9 || a < 1e-4:
		return strconv.FormatFloat(v, 'g', 4, 64)
	}
	decimals := max(0, 3-int(math.Floor(math.Log10(a))))
	s := strconv.FormatFloat(v, 'f', min(decimals, 6), 64)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}

// effectText writes an estimate with its limits, to two digits of half the interval's width: "0.778 [0.725, 0.832]".
// Without limits it is the estimate alone. A limit that is not equal does not look equal.
func effectText(value, lower, upper, equal float64) string {
	if math.IsInf(lower, 0) || math.IsInf(upper, 0) {
		return short(value)
	}
	d := decimals((upper-lower)/2, 2)
	return strconv.FormatFloat(value, 'f', d, 64) + " [" + fixed(lower, equal, d) + ", " + fixed(upper, equal, d) + "]"
}

// decimals is how many decimal places show the first digits of an uncertainty.
func decimals(uncertainty float64, digits int) int {
	if !(uncertainty > 0) {
		return 3
	}
	return min(max(digits-1-int(math.Floor(math.Log10(uncertainty))), 0), 9)
}

// fixed writes v with d decimal places, and more where v would otherwise look equal to a value that it is not.
func fixed(v, equal float64, d int) string {
	if math.Abs(v) >= 1e9 {
		return short(v)
	}
	for ; d < 9 && v != equal; d++ {
		scale := math.Pow(10, float64(d))
		if math.Round(v*scale) != math.Round(equal*scale) {
			break
		}
	}
	return strconv.FormatFloat(v, 'f', d, 64)
}

// exact writes v so that reading it back gives the same bits; what is unknown is empty.
func exact(v float64) string {
	if math.IsInf(v, 0) {
		return ""
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}

// plural writes a count with its noun.
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}
