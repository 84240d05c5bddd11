package sim

import (
	"cmp"
	"io"
	"math"
	"math/bits"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat"
	"pgregory.net/rapid"

	"github.com/leptonsched/lepton/internal/rng"
)

// Statistics of lublin_256, 10,000 jobs made by the authors' own program (see ../shared/data/swf): what the
// model must give, whoever draws.
var lublin256 = struct {
	serial, pow2  float64 // shares: one processor; 2, 4, 8, …
	size, sizeDev float64 // log2 of the processors
	run, runDev   float64 // ln of the run time
	bandRun       [6]float64
	gaps          [4]float64 // seconds between arrivals: quantiles 0.1, 0.25, 0.5, 0.75
	night, midday float64    // shares of arrivals in hours 0–5 and 8–17
}{
	serial: 0.2493, pow2: 0.6120, size: 2.7205, sizeDev: 2.2242, run: 5.6834, runDev: 3.0205,
	bandRun: [6]float64{5.173, 5.194, 5.427, 6.145, 8.666, 9.374}, // by size: 1, 2–4, 5–16, 17–64, 65–128, 129–256
	gaps:    [4]float64{18, 41, 116, 366},
	night:   0.074, midday: 0.659,
}

var sizeBands = [6]int64{1, 4, 16, 64, 128, 256}

// likeLublin256 compares jobs with the published ones; slack widens the tolerances.
func likeLublin256(t *testing.T, jobs []Job, slack float64) {
	t.Helper()
	var size, run []float64
	var serial, pow2 float64
	byBand := make([][]float64, len(sizeBands))
	for _, j := range jobs {
		size = append(size, math.Log2(float64(j.Procs)))
		run = append(run, math.Log(float64(j.Run)))
		switch {
		case j.Procs == 1:
			serial++
		case bits.OnesCount64(uint64(j.Procs)) == 1:
			pow2++
		}
		band, _ := slices.BinarySearch(sizeBands[:], j.Procs)
		byBand[band] = append(byBand[band], math.Log(float64(j.Run)))
	}
	n := float64(len(jobs))
	// Four standard errors of the 10,000 published jobs.
	require.InDelta(t, lublin256.serial, serial/n, slack*0.017)
	require.InDelta(t, lublin256.pow2, pow2/n, slack*0.020)
	require.InDelta(t, lublin256.size, stat.Mean(size, nil), slack*0.089)
	require.InDelta(t, lublin256.sizeDev, stat.StdDev(size, nil), slack*0.063)
	require.InDelta(t, lublin256.run, stat.Mean(run, nil), slack*0.121)
	require.InDelta(t, lublin256.runDev, stat.StdDev(run, nil), slack*0.085)
	for i, want := range lublin256.bandRun {
		require.InDelta(t, want, stat.Mean(byBand[i], nil), slack*0.4, "jobs of up to %d processors", sizeBands[i])
	}
}

// The model alone, without users and requests.
func TestLublinModel(t *testing.T) {
	r := rng.New(1, "model")
	jobs := make([]Job, 100_000)
	for i := range jobs {
		jobs[i].Procs = drawProcs(r, 256)
		jobs[i].Run = runTime(jobs[i].Procs, r.Float64())
	}
	likeLublin256(t, jobs, 1)

	// Worked by hand: log2 of a parallel size is U(0.8, 5.5) with 0.86, else U(5.5, 8), in the mean 3.654.
	sum := 0.0
	for _, j := range jobs {
		sum += math.Log2(float64(j.Procs))
	}
	require.InDelta(t, (1-0.244)*3.654, sum/float64(len(jobs)), 0.02)
	// ln of the run time of a serial job: p = 0.7746, gammas of mean 4.2·0.94 = 3.948 and 312·0.03 = 9.36; the seconds
	// are rounded down, which takes some hundredths off.
	sum = 0
	const n = 20_000
	for i := range n {
		sum += math.Log(float64(runTime(1, (float64(i)+0.5)/n)))
	}
	require.InDelta(t, 0.7746*3.948+0.2254*9.36, sum/n, 0.06)
}

func TestLublinArrivals(t *testing.T) {
	day := newDayCycle()
	at := arrivals(rng.Source(1, "arrivals"), 50_000)
	gaps := make([]float64, 0, len(at))
	night, midday := 0.0, 0.0
	for i := range at {
		at[i] = day.at(at[i])
		if i > 0 {
			gaps = append(gaps, at[i]-at[i-1])
		}
		switch hour := int(math.Mod(at[i], 86400) / 3600); {
		case hour < 6:
			night++
		case hour >= 8 && hour < 18:
			midday++
		}
	}
	slices.Sort(gaps)
	require.GreaterOrEqual(t, gaps[0], 0.0)
	for i, q := range []float64{0.1, 0.25, 0.5, 0.75} {
		require.InEpsilon(t, lublin256.gaps[i], stat.Quantile(q, stat.Empirical, gaps, nil), 0.07, "quantile %v", q)
	}
	require.InDelta(t, lublin256.night, night/float64(len(at)), 0.02)
	require.InDelta(t, lublin256.midday, midday/float64(len(at)), 0.05)
}

// A day of traffic takes a day, and traffic passes in each half hour as its weight says.
func TestDayCycle(t *testing.T) {
	day := newDayCycle()
	sum := 0.0
	for i, w := range day.weights {
		require.InDelta(t, float64(i*slotSeconds), day.at(sum), 1e-6)
		require.InDelta(t, 5*86400+(float64(i)+0.5)*slotSeconds, day.at(5*86400+sum+w*slotSeconds/2), 1e-6)
		sum += w * slotSeconds
	}
	require.InDelta(t, 86400, sum, 1e-6)
}

// With users and requests on top, the distributions are still the model's, more loosely: 50,000 jobs are some
// 10,000 shapes, and jobs killed at their request are shorter.
func TestLublinDistributions(t *testing.T) {
	tr, err := Lublin(LublinOptions{Jobs: 50_000, Users: 1000, Seed: 1})
	require.NoError(t, err)
	likeLublin256(t, tr.Jobs, 1.5)
}

// lastTwoAccuracy returns how well the mean of the last two run times of the same user, and the request, predict
// run times: the mean of the smaller over the larger, as in Tsafrir, Etsion and Feitelson (2007).
func lastTwoAccuracy(jobs []Job, user func(i int) int64) (history, request float64) {
	last := map[int64][2]int64{}
	n := 0.0
	ratio := func(a, b float64) float64 { return min(a, b) / max(a, b) }
	for i, j := range jobs {
		h := last[user(i)]
		if h[0] > 0 {
			history += ratio(float64(h[0]+h[1])/2, float64(j.Run))
			request += ratio(float64(j.Request), float64(j.Run))
			n++
		}
		last[user(i)] = [2]int64{h[1], j.Run}
	}
	return history / n, request / n
}

// On SDSC SP2 the last two run times reach 0.63, requests 0.32.
func TestLublinUsersArePredictable(t *testing.T) {
	for seed := range uint64(5) {
		tr, err := Lublin(LublinOptions{Seed: seed})
		require.NoError(t, err)
		history, request := lastTwoAccuracy(tr.Jobs, func(i int) int64 { return tr.Jobs[i].User })
		require.Greater(t, history, 0.48, "seed %d", seed)
		require.InDelta(t, 0.32, request, 0.06, "seed %d", seed)
		shuffled := rng.New(seed, "shuffle").Perm(len(tr.Jobs))
		blind, _ := lastTwoAccuracy(tr.Jobs, func(i int) int64 { return tr.Jobs[shuffled[i]].User })
		require.Less(t, blind, 0.3, "it is the user that tells")
	}
}

func TestLublinRequests(t *testing.T) {
	for _, overrun := range []float64{0, 0.5} {
		tr, err := Lublin(LublinOptions{Seed: 7, Overrun: overrun})
		require.NoError(t, err)
		var killed, over, most float64
		count := map[int64]int{}
		for _, j := range tr.Jobs {
			count[j.Request]++
			if j.Run >= j.Request {
				killed++
			}
			if j.Run > j.Request {
				over++
				require.LessOrEqual(t, j.Run, j.Request+j.Request/10+1)
			}
			if j.Request == popularRequests[len(popularRequests)-1] {
				most++
			}
		}
		n := float64(len(tr.Jobs))
		require.InDelta(t, 0.13, killed/n, 0.04)
		require.InDelta(t, overrun, over/killed, 0.05)
		require.InDelta(t, 0.11, most/n, 0.04)
		var counts []int
		for _, c := range count {
			counts = append(counts, c)
		}
		slices.SortFunc(counts, func(a, b int) int { return cmp.Compare(b, a) })
		top := 0
		for _, c := range counts[:20] {
			top += c
		}
		require.Greater(t, float64(top)/n, 0.9, "twenty values make most requests")
	}
}

func TestLublinSeeds(t *testing.T) {
	of := func(seed uint64) *Trace {
		tr, err := Lublin(LublinOptions{Jobs: 300, Seed: seed})
		require.NoError(t, err)
		return tr
	}
	require.Equal(t, of(1), of(1))
	require.NotEqual(t, of(1).Jobs, of(2).Jobs)
}

func TestLublinProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := LublinOptions{
			Jobs:    rapid.IntRange(1, 400).Draw(t, "jobs"),
			Procs:   rapid.IntRange(1, 1500).Draw(t, "procs"),
			Load:    rapid.Float64Range(0.05, 3).Draw(t, "load"),
			Users:   rapid.IntRange(1, 50).Draw(t, "users"),
			Overrun: rapid.SampledFrom([]float64{0, 0.3, 1}).Draw(t, "overrun"),
			Seed:    rapid.Uint64().Draw(t, "seed"),
		}
		tr, err := Lublin(o)
		require.NoError(t, err)
		require.Len(t, tr.Jobs, o.Jobs)
		require.Equal(t, int64(o.Procs), tr.MaxProcs)
		for i, j := range tr.Jobs {
			require.Equal(t, int64(i+1), j.ID)
			require.True(t, i == 0 || tr.Jobs[i-1].Submit <= j.Submit)
			require.True(t, 1 <= j.Procs && j.Procs <= tr.MaxProcs && j.Run >= 1 && j.Request >= 1 && j.Submit >= 0)
			require.True(t, o.Overrun > 0 || j.Run <= j.Request)
			require.True(t, 1 <= j.User && j.User <= int64(o.Users) && j.App >= 1)
		}
		if span := tr.Jobs[o.Jobs-1].Submit - tr.Jobs[0].Submit; span > 100 { // else whole seconds are too coarse
			require.InEpsilon(t, o.Load, tr.Load(), 0.05)
		}
		require.NoError(t, WriteSWF(io.Discard, tr))
	})
}

func TestLublinOptionFaults(t *testing.T) {
	_, err := Lublin(LublinOptions{Jobs: -1, Procs: -2, Load: math.NaN(), Users: -3, Overrun: 1.5})
	require.EqualError(t, err, `sim: LublinOptions.Jobs is -1, want 0 to 67,108,864 (some 10 GB)
sim: LublinOptions.Procs is -2, must be in [0, 67108864]
sim: LublinOptions.Load is NaN, must be in [0, 100]
sim: LublinOptions.Users is -3, must be in [0, 1048576]
sim: LublinOptions.Overrun is 1.5, must be in [0, 1]`)
}
