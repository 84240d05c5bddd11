package sim

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mathext"
	"gonum.org/v1/gonum/stat/distuv"
)

// The model of U. Lublin and D. G. Feitelson, "The workload on parallel supercomputers: modeling the
// characteristics of rigid jobs", JPDC 63(11), 2003, with the constants that the authors' program (lublin99)
// gives for the whole sample, batch and interactive together: those behind the trace lublin_256.
const (
	serialProb = 0.244 // jobs of one processor
	pow2Prob   = 0.576 // parallel jobs made a power of two
	sizeLow    = 0.8   // log2 of the smallest parallel job, shaded to give 2 its share
	sizeBreak  = 2.5   // log2(machine) minus the point where the two uniforms of the size meet
	sizeProb   = 0.86  // share of the lower uniform

	// ln of the run time: gamma(shortShape, shortScale) with probability runSlope·procs + runBase, else the long one.
	shortShape, shortScale = 4.2, 0.94
	longShape, longScale   = 312, 0.03
	runSlope, runBase      = -0.0054, 0.78
	maxLnRun               = 12 // under two days

	// ln of the seconds between arrivals at an hour of average traffic.
	gapShape, gapScale = 10.2303 * 1.0225, 0.4871
	maxLnGap           = 13 // about five days

	// The day: arrivals per half hour follow this gamma, from daySlots[0] = dayStart half hours after midnight.
	dayShape, dayScale = 8.1737, 3.9631
	dayStart           = 11
	slots              = 48
	slotSeconds        = 86400 / slots
)

// drawProcs draws the size of a job on a machine of maxProcs.
func drawProcs(r *rand.Rand, maxProcs int64) int64 {
	kind := r.Float64()
	high := math.Log2(float64(maxProcs))
	if kind <= serialProb || high <= sizeLow {
		return 1
	}
	// The authors' remedy for small machines, where the break would fall below the low end.
	med := max(high-sizeBreak, sizeLow+(high-sizeLow)/3)
	size := med + (high-med)*r.Float64()
	if r.Float64() <= sizeProb {
		size = sizeLow + (med-sizeLow)*r.Float64()
	}
	if kind <= serialProb+pow2Prob {
		size = math.Floor(size + 0.5)
		if size > high {
			size = math.Floor(high)
		}
	}
	return min(int64(math.Exp2(size)+0.5), maxProcs)
}

// runTime is the quantile u in (0, 1) of the run times of jobs of procs, in whole seconds, at least 1. The quantiles
// of the two gammas follow one another, the short one's first.
func runTime(procs int64, u float64) int64 {
	p := min(max(runSlope*float64(procs)+runBase, 0), 1)
	shape, scale := shortShape, shortScale
	if u < p {
		u /= p
	} else {
		u = (u - p) / (1 - p)
		shape, scale = longShape, longScale
	}
	u *= mathext.GammaIncReg(shape, maxLnRun/scale) // what the model redraws beyond maxLnRun
	ln := scale * mathext.GammaIncRegInv(shape, u)
	return max(1, int64(math.Exp(min(ln, maxLnRun))))
}

// dayCycle maps traffic to time: the seconds of average traffic that pass in the seconds of a real day.
type dayCycle struct {
	weights [slots]float64 // traffic of each half hour from midnight; mean 1
}

func newDayCycle() *dayCycle {
	var d dayCycle
	cdf := distuv.Gamma{Alpha: dayShape, Beta: 1 / dayScale}.CDF
	sum := 0.0
	for i := dayStart; i < dayStart+slots; i++ {
		w := cdf(float64(i)+0.5) - cdf(float64(i)-0.5)
		d.weights[(i-1)%slots] = w
		sum += w
	}
	for i := range d.weights {
		d.weights[i] *= slots / sum
	}
	return &d
}

// at returns the time from midnight of the first day, in seconds, at which so many seconds of average
// traffic have passed. It grows with traffic.
func (d *dayCycle) at(traffic float64) float64 {
	day := math.Floor(traffic / 86400)
	left := (traffic - day*86400) / slotSeconds
	i := 0
	for ; i < slots-1 && left > d.weights[i]; i++ {
		left -= d.weights[i]
	}
	return day*86400 + (float64(i)+min(left/d.weights[i], 1))*slotSeconds
}

// arrivals returns the traffic that has passed at each of n arrivals.
func arrivals(src rand.Source, n int) []float64 {
	gap := distuv.Gamma{Alpha: gapShape, Beta: 1 / gapScale, Src: src}
	at := make([]float64, n)
	sum := 0.0
	for i := range at {
		ln := gap.Rand()
		for ln > maxLnGap {
			ln = gap.Rand()
		}
		sum += math.Exp(ln)
		at[i] = sum
	}
	return at
}
