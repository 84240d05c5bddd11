package supervised

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestRunTimesByHand(t *testing.T) {
	var r RunTimes
	e := r.Estimate(7, 1000)
	assert.Equal(t, 1000.0, e.Mean, "nothing seen: the request")
	assert.Equal(t, 0.001, e.Price)

	// One job of user 7 that took 100 of its 1000 seconds. Everybody's group and the belief in requests, which counts one
	// job each, make the chance of the whole 1/2, and a part (0.1+1)/2 of 1000 or at the price (1/100+1/1000)/2. The
	// user's and the user's at this request lean on that as on 4 jobs, with one of their own.
	r.Add(7, 1000, 100)
	whole, part, inverse := 0.5, 550.0, 0.0055
	for range 2 {
		whole, part, inverse = 4*whole/5, (100+4*part)/5, (0.01+4*inverse)/5
	}
	e = r.Estimate(7, 1000)
	assert.InDelta(t, whole*1000+(1-whole)*part, e.Mean, 1e-9)
	assert.InDelta(t, whole*0.001+(1-whole)*inverse, e.Price, 1e-12)
	e = r.Estimate(8, 1000)
	assert.InDelta(t, 0.5*1000+0.5*550, e.Mean, 1e-9, "a user who is new")
	r.Reset()
	assert.Equal(t, 1000.0, r.Estimate(7, 1000).Mean)
}

func TestRunTimesFollowWhatUsersDo(t *testing.T) {
	var r RunTimes
	for range 60 {
		r.Add(1, 3600, 3600)
		r.Add(2, 3600, 2)
	}
	assert.InDelta(t, 3600, r.Estimate(1, 3600).Mean, 400)
	assert.Less(t, r.Estimate(2, 3600).Mean, 400.0)
	assert.Greater(t, r.Estimate(2, 3600).Price, 0.08, "what fails at once pays for every second of waiting")
	for range 15 {
		r.Add(1, 3600, 2)
	}
	assert.Less(t, r.Estimate(1, 3600).Mean, 600.0, "the latest jobs count most")

	// Requests that are run times stay so: what generated workloads without estimates have.
	r.Reset()
	for i := range int64(50) {
		r.Add(-1, 10*i, 10*i)
	}
	assert.Equal(t, 5000.0, r.Estimate(-1, 5000).Mean)
}

func TestRunTimesAreSane(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	var times RunTimes
	for range 2000 {
		request := r.Int64N(5000) - 10
		times.Add(r.Int64N(5)-2, request, r.Int64N(6000))
		e := times.Estimate(r.Int64N(6)-2, request)
		assert.GreaterOrEqual(t, e.Mean, 1.0)
		assert.LessOrEqual(t, e.Mean, float64(max(request, 1)))
		assert.LessOrEqual(t, e.Price, 0.1+1e-12)
		assert.GreaterOrEqual(t, e.Price, 1/math.Max(float64(request), 10)-1e-12)
		elapsed := float64(r.Int64N(7000))
		left := e.Left(float64(request), elapsed)
		assert.GreaterOrEqual(t, left, 1.0)
		assert.LessOrEqual(t, left, max(1, float64(request)-elapsed, 0.1*elapsed))
	}
}

// A job that outlives what its like took is likelier to take the whole of its request.
func TestRunEstimateLeft(t *testing.T) {
	e := RunEstimate{Whole: 0.5, Part: 100}
	assert.InDelta(t, 0.5*1000+0.5*100, e.Left(1000, 0), 1e-9)
	assert.Greater(t, e.Left(1000, 300), 600.0)
	assert.Equal(t, 300.0, e.Left(1000, 3000), "an overrun: a tenth of what it took so far")
}

func ExampleRunTimes() {
	var times RunTimes
	for range 10 {
		times.Add(7, 3600, 60) // user 7 asks for an hour and takes a minute
	}
	e := times.Estimate(7, 3600)
	fmt.Printf("%.0f s instead of 3600\n", e.Mean)
	// Output: 202 s instead of 3600
}
