package sim

import (
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// popularRequests are the times that users ask for, in seconds: few and round, as Tsafrir, Etsion and Feitelson
// found in every log ("Modeling user runtime estimates", JSSPP 2005). The last is the most that the site allows.
var popularRequests = [20]int64{
	300, 600, 900, 1200, 1800, 2700, 3600, 5400, 7200, 10800,
	14400, 18000, 21600, 28800, 36000, 43200, 54000, 64800, 86400, 129600,
}

// Shares of the habits of users, set by the SDSC SP2 log (see LublinOptions).
const (
	sameUser     = 0.45  // a job comes from the user of the job before it, whoever he is
	newShape     = 0.20  // a user's job is of a new shape …
	repeatShape  = 0.65  // … of the shape of the one before; else of one of the shapes before that
	maxShapes    = 5     // shapes a user goes back to
	alike        = 0.88  // a run of a shape is much like the others; else another draw of the user's
	likeness     = 0.999 // correlation of the levels of runs that are alike
	kinship      = 0.75  // correlation of a user's level and those of his shapes
	userExponent = 0.5   // the jobs of the k-th user go with k^−userExponent

	asksMost  = 0.10 // shapes for which the most that the site allows is asked
	runsInto  = 0.25 // shapes of over shortest seconds that run into their requested time
	unpopular = 0.10 // requests that are no popular value
	shortest  = 200
)

// shape is a program run again and again: its size and the request stay, its run times are alike.
type shape struct {
	app     int64
	procs   int64
	level   float64 // standard normal: where its run times lie among all of the size
	request int64
	killed  bool // it runs until its requested time is over
}

// population draws the jobs of all users in turn.
type population struct {
	rand     *rand.Rand
	maxProcs int64
	share    []float64 // cumulative, by user
	levels   []float64 // by user, standard normal: whether his jobs run long for their size
	shapes   [][]shape // by user, latest first
	user     int
	apps     int64
	overrun  float64
}

func newPopulation(r *rand.Rand, users int, maxProcs int64, overrun float64) *population {
	p := &population{
		rand: r, maxProcs: maxProcs, overrun: overrun, user: -1,
		share: make([]float64, users), levels: make([]float64, users), shapes: make([][]shape, users),
	}
	sum := 0.0
	for i, k := range r.Perm(users) {
		sum += math.Pow(float64(i+1), -userExponent)
		p.share[i] = sum
		// Evenly spread: few users must not shift the run times of all.
		p.levels[i] = distuv.UnitNormal.Quantile((float64(k) + 0.5) / float64(users))
	}
	return p
}

// next draws a job; its ID and Submit are the caller's.
func (p *population) next() Job {
	if p.user < 0 || p.rand.Float64() >= sameUser {
		total := p.share[len(p.share)-1]
		p.user, _ = slices.BinarySearch(p.share, p.rand.Float64()*total)
	}
	s := p.choose()
	j := Job{
		Procs: s.procs, Request: s.request, User: int64(p.user + 1), App: s.app,
		Group: -1, Queue: -1, Part: -1,
	}
	same := p.rand.Float64() < alike
	if same {
		j.Run = runTime(s.procs, normalCDF(p.near(s.level, likeness)))
	} else {
		j.Run = runTime(s.procs, normalCDF(p.near(p.levels[p.user], kinship)))
	}
	if j.Run >= j.Request || s.killed && same {
		j.Run = j.Request
		if p.rand.Float64() < p.overrun {
			j.Run += 1 + int64(0.1*float64(j.Request)*p.rand.Float64())
		}
	}
	return j
}

// choose returns the shape of the user's next job and puts it first among his.
func (p *population) choose() shape {
	mine := p.shapes[p.user]
	u := p.rand.Float64()
	if len(mine) == 0 || u < newShape {
		mine = slices.Insert(mine, 0, p.draw())
		p.shapes[p.user] = mine[:min(len(mine), maxShapes)]
		return mine[0]
	}
	if u >= newShape+repeatShape && len(mine) > 1 {
		i := 1 + p.rand.IntN(len(mine)-1)
		again := mine[i]
		copy(mine[1:], mine[:i])
		mine[0] = again
	}
	return mine[0]
}

// draw makes a new shape after the model, and the request after the habits.
func (p *population) draw() shape {
	p.apps++
	s := shape{app: p.apps, procs: drawProcs(p.rand, p.maxProcs), level: p.near(p.levels[p.user], kinship)}
	run := runTime(s.procs, normalCDF(s.level))
	switch u := p.rand.Float64(); {
	case u < asksMost:
		s.request = popularRequests[len(popularRequests)-1]
	case u < asksMost+runsInto && run >= shortest:
		s.request, s.killed = nearestRequest(run), true
	default:
		// The share of the request that is used is uniform, as the logs' histograms are between their ends.
		s.request = p.roundUp(float64(run) / (1 - 0.95*p.rand.Float64()))
	}
	return s
}

// near draws a standard normal that correlates with another one, level, by rho.
func (p *population) near(level, rho float64) float64 {
	return rho*level + math.Sqrt(1-rho*rho)*p.rand.NormFloat64()
}

// roundUp makes a request of what a user wants: the next popular value, sometimes the next five minutes.
func (p *population) roundUp(want float64) int64 {
	most := popularRequests[len(popularRequests)-1]
	if p.rand.Float64() < unpopular {
		return min(300*int64(math.Ceil(want/300)), most)
	}
	for _, r := range popularRequests {
		if float64(r) >= want {
			return r
		}
	}
	return most
}

// nearestRequest is the popular value nearest to run by ratio, so that cutting run to it changes the
// run times as little as may be.
func nearestRequest(run int64) int64 {
	best := popularRequests[0]
	for _, r := range popularRequests {
		if r*best <= run*run { // run is beyond the geometric mean of best and r
			best = r
		}
	}
	return best
}

// normalCDF keeps inside (0, 1), where quantiles are finite.
func normalCDF(z float64) float64 {
	return min(max(0.5*math.Erfc(-z/math.Sqrt2), 1e-12), 1-1e-12)
}
