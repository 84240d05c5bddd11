package supervised

import (
	"errors"
	"fmt"
	"math"
)

// ADWINOptions are the settings of an ADWIN.
type ADWINOptions struct {
	Delta float64 // chance of a false alarm per look, in (0, 1): smaller sees less and later; 0 means 0.002
	Every int     // values between looks: fewer see sooner and cost more; 0 means 32
}

func (o ADWINOptions) withDefaults() ADWINOptions {
	if o.Delta == 0 {
		o.Delta = 0.002
	}
	if o.Every == 0 {
		o.Every = 32
	}
	return o
}

func (o ADWINOptions) validate() error {
	var errs []error
	if !(o.Delta > 0 && o.Delta < 1) {
		errs = append(errs, fmt.Errorf("%w: Delta is %v, not in (0, 1)", ErrOptions, o.Delta))
	}
	if o.Every < 0 {
		errs = append(errs, fmt.Errorf("%w: Every is %d", ErrOptions, o.Every))
	}
	return errors.Join(errs...)
}

// ADWIN watches the mean of a stream of values in [0, 1] through a window of the latest of them, which
// grows while the mean stays and loses its old part when that differs from the rest: Bifet & Gavaldà
// (2007), "Learning from time-changing data with adaptive windowing", algorithm ADWIN2. A window of n
// values takes some 5·log₂(n) buckets of memory. Not safe for concurrent use.
type ADWIN struct {
	options ADWINOptions
	rows    [][]adwinBucket // row i: buckets of 2ⁱ values, the oldest first, at most bucketsPerRow
	n       int
	sum     float64
	since   int // values since the last look
}

// bucketsPerRow is M of the paper: more cut closer to the change.
const bucketsPerRow = 5

// adwinBucket sums up 2ⁱ neighbouring values.
type adwinBucket struct {
	sum float64
	dev float64 // Σ (value − mean)²
}

// NewADWIN returns a window without values.
func NewADWIN(o ADWINOptions) (*ADWIN, error) {
	o = o.withDefaults()
	if err := o.validate(); err != nil {
		return nil, err
	}
	return &ADWIN{options: o}, nil
}

// Len returns how many values are in the window.
func (a *ADWIN) Len() int { return a.n }

// Mean returns the mean of the values in the window, 0 when there are none.
func (a *ADWIN) Mean() float64 {
	if a.n == 0 {
		return 0
	}
	return a.sum / float64(a.n)
}

// Add takes one value and reports whether the mean has changed, in which case the old part is gone from
// the window. A value that is not in [0, 1] is ErrRange and is left out.
func (a *ADWIN) Add(v float64) (drift bool, err error) {
	if !(v >= 0 && v <= 1) {
		return false, fmt.Errorf("%w: ADWIN takes values in [0, 1], not %v", ErrRange, v)
	}
	a.n++
	a.sum += v
	carry := adwinBucket{sum: v}
	for i := 0; ; i++ {
		if i == len(a.rows) {
			a.rows = append(a.rows, nil)
		}
		a.rows[i] = append(a.rows[i], carry)
		if len(a.rows[i]) <= bucketsPerRow {
			break
		}
		carry = joined(a.rows[i][0], a.rows[i][1], float64(uint64(1)<<i))
		a.rows[i] = append(a.rows[i][:0], a.rows[i][2:]...)
	}
	if a.since++; a.since < a.options.Every {
		return false, nil
	}
	a.since = 0
	for a.changed() {
		a.drop()
		drift = true
	}
	return drift, nil
}

// joined is the bucket of two of size values each.
func joined(a, b adwinBucket, size float64) adwinBucket {
	apart := (a.sum - b.sum) / size
	return adwinBucket{sum: a.sum + b.sum, dev: a.dev + b.dev + apart*apart*size/2}
}

// deviation returns Σ (value − mean)² over the window.
func (a *ADWIN) deviation() float64 {
	mean := a.Mean()
	var dev float64
	for i, row := range a.rows {
		size := float64(uint64(1) << i)
		for _, b := range row {
			apart := b.sum/size - mean
			dev += b.dev + size*apart*apart
		}
	}
	return dev
}

// changed reports whether some cut parts the window into two whose means differ by more than ε of the
// paper's section 3.2, equation 3.1 (the bound for small variances).
func (a *ADWIN) changed() bool {
	const fewest = 5 // values on either side
	n := float64(a.n)
	if n < 2*fewest {
		return false
	}
	variance := a.deviation() / n
	log := math.Log(2 * math.Log(n) / a.options.Delta)
	var n0, sum0 float64
	for i := len(a.rows) - 1; i >= 0; i-- {
		size := float64(uint64(1) << i)
		for _, b := range a.rows[i] {
			n0 += size
			sum0 += b.sum
			n1 := n - n0
			if n0 < fewest || n1 < fewest {
				continue
			}
			m := 1/n0 + 1/n1 // 1/harmonic mean
			epsilon := math.Sqrt(2*m*variance*log) + 2.0/3*m*log
			if math.Abs(sum0/n0-(a.sum-sum0)/n1) > epsilon {
				return true
			}
		}
	}
	return false
}

// drop forgets the oldest bucket.
func (a *ADWIN) drop() {
	last := len(a.rows) - 1
	a.n -= 1 << last
	a.sum -= a.rows[last][0].sum
	a.rows[last] = append(a.rows[last][:0], a.rows[last][1:]...)
	for ; last > 0 && len(a.rows[last]) == 0; last-- {
		a.rows = a.rows[:last]
	}
}
