package benchmarks

import (
	"math"
	"sort"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leptonsched/lepton/supervised"
)

// streams draws arrays of numbers, each array from a stream of its own: splitmix64 of seed, stream and
// index, so that a port in another language gives the same table.
type streams struct{ seed, stream uint64 }

func (s *streams) uniform(n int) []float64 {
	s.stream++
	out := make([]float64, n)
	for i := range out {
		z := uint64(i) + s.seed*0x9e3779b97f4a7c15 + s.stream*0xd1b54a32d192ed03
		for range 2 {
			z += 0x9e3779b97f4a7c15
			z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
			z = (z ^ z>>27) * 0x94d049bb133111eb
			z ^= z >> 31
		}
		out[i] = (float64(z>>11) + 0.5) / (1 << 53)
	}
	return out
}

// normal is Box and Muller's transform of two uniform arrays.
func (s *streams) normal(n int) []float64 {
	a, b := s.uniform(n), s.uniform(n)
	for i := range a {
		a[i] = math.Sqrt(-2*math.Log(a[i])) * math.Cos(2*math.Pi*b[i])
	}
	return a
}

// category draws places of weights, in proportion to them.
func (s *streams) category(n int, weights []float64) []int {
	sums, total := make([]float64, len(weights)), 0.0
	for i, w := range weights {
		total += w
		sums[i] = total
	}
	for i := range sums {
		sums[i] /= total
	}
	out := make([]int, n)
	for i, u := range s.uniform(n) {
		out[i] = min(sort.SearchFloat64s(sums, u), len(sums)-1)
	}
	return out
}

func zipf(k int, a float64) []float64 {
	out := make([]float64, k)
	for i := range out {
		out[i] = 1 / math.Pow(float64(i+1), a)
	}
	return out
}

var runtimeColumns = []supervised.Column{
	{Name: "submit_hour"}, {Name: "submit_weekday"}, {Name: "req_walltime_s"}, {Name: "req_cpus"}, {Name: "req_mem_gb"},
	{Name: "req_gpus"}, {Name: "user"}, {Name: "group"}, {Name: "queue"}, {Name: "app"}, {Name: "user_mean_runtime_s"},
	{Name: "user_last_runtime_s"}, {Name: "user_runtime_cv"}, {Name: "queue_length"}, {Name: "cluster_util"},
	{Name: "input_bytes"}, {Name: "n_files"}, {Name: "priority"}, {Name: "array_size"}, {Name: "noise"},
}

// The first row as the peers' generator makes it.
func TestRuntimeTableIsThePeers(t *testing.T) {
	want := []float64{
		13, 4, 900, 2, 3.7668259, 0, 83, 3, 0, 4, 85.811592, 148.18660, 0.39292496, 113, 0.88630772,
		2605814.5, 8, 966.71161, 1, 0.12687930,
	}
	// Streams have as many numbers as there are rows, but a row's own are the same in any table.
	d := runtimeTable(t, 1000)
	require.InEpsilonSlice(t, want[9:], d.Row(nil, 0)[9:], 1e-6)
	require.InDeltaSlice(t, want, d.Row(nil, 0), 0.5)
	require.Zero(t, d.Target(0))
}

// runtimeTable is job history of n rows: what is known of a job when it is submitted, and whether it will
// run for more than half of what it asks for. Values are rounded to float32; some are missing.
func runtimeTable(tb testing.TB, n int) *supervised.Dataset {
	r := streams{seed: 20260101}
	scaled := func(v []float64, a, b float64) []float64 {
		for i := range v {
			v[i] = a + b*v[i]
		}
		return v
	}
	appBase, appParallel, appInput := scaled(r.normal(60), 5, 1.3), r.uniform(60), r.uniform(60)
	userEffect, groupEffect := scaled(r.normal(500), 0, 0.6), scaled(r.normal(40), 0, 0.3)
	byDay, dayHour, anyHour := r.uniform(n), r.uniform(n), r.uniform(n)
	day := r.category(n, []float64{1, 1, 1, 1, .9, .35, .3})
	user, appDraw := r.category(n, zipf(500, 1.05)), r.category(n, zipf(60, 1.1))
	queue := r.category(n, []float64{5, 3, 2, 1, .5, .2})
	cpuPower, gpuPower := r.category(n, []float64{6, 4, 4, 3, 3, 2, 1, .5}), r.category(n, []float64{4, 2, 1, .5})
	memory, inBytes, inTail := r.normal(n), r.normal(n), r.uniform(n)
	files, arrays := r.normal(n), r.category(n, zipf(2000, 1.6))
	priority, utilNoise, queueNoise, noise := r.normal(n), r.normal(n), r.normal(n), r.uniform(n)
	runNoise, dies, wantNoise, odd, newUser := r.normal(n), r.uniform(n), r.normal(n), r.uniform(n), r.uniform(n)
	meanNoise, noLast, lastNoise := r.normal(n), r.uniform(n), r.normal(n)
	cvNoise, userCV, noInput := r.uniform(n), r.uniform(500), r.uniform(n)

	options := []float64{900, 3600, 7200, 14400, 43200, 86400, 172800}
	logOptions := make([]float64, len(options))
	for i, o := range options {
		logOptions[i] = math.Log(o)
	}
	b2f := func(b bool) float64 {
		if b {
			return 1
		}
		return 0
	}
	nan := math.NaN()
	data := supervised.Data{Columns: runtimeColumns, Target: make([]float64, n), TargetName: "long", Classes: []string{"no", "yes"}}
	for range runtimeColumns {
		data.ByColumn = append(data.ByColumn, make([]float64, n))
	}
	for i := range n {
		hour := math.Floor(24 * anyHour[i])
		if byDay[i] < 0.6 {
			hour = math.Floor(9 + 9*dayHour[i])
		}
		group, app := user[i]%40, (appDraw[i]+user[i]*7)%60
		cpus, gpus := math.Exp2(float64(cpuPower[i])), 0.0
		if app%5 == 0 {
			gpus = math.Exp2(float64(gpuPower[i]))
		}
		mem := math.Exp(1.2 + 0.55*math.Log(cpus) + 0.9*memory[i])
		input := math.Exp(17+2.6*inBytes[i]) * (1 + (math.Pow(inTail[i], -0.7)-1)*0.2)
		fileCount, array := math.Floor(math.Exp(1+1.4*files[i])), 1+float64(arrays[i])
		weekend := b2f(day[i] > 4)
		util := min(max(0.55+0.25*math.Sin((hour-8)/24*2*math.Pi)+0.12*utilNoise[i]-0.1*weekend, 0), 1)
		length := math.Floor(math.Exp(2 + 3.2*util + 0.5*queueNoise[i]))
		latent := appBase[app] + userEffect[user[i]] + groupEffect[group] +
			0.45*(math.Log(input)-17)*b2f(appInput[app] > 0.5) -
			0.75*math.Log(cpus)*b2f(appParallel[app] > 0.4) -
			0.6*math.Log1p(gpus) + 0.5*b2f(mem/cpus < 1.5) +
			0.6*max(util-0.75, 0)*4*b2f(queue[i] >= 2) +
			0.15*math.Log1p(fileCount) - 0.1*math.Log(array) + 0.25*weekend
		logRun := latent + 0.55*runNoise[i]
		if dies[i] < 0.04 {
			logRun -= 3
		}
		want := latent + 0.1 + 0.7*math.Abs(wantNoise[i])
		request := options[min(sort.SearchFloat64s(logOptions, want), 6)]
		if odd[i] < 0.2 {
			request = math.Exp(min(max(want, 5), 12.1))
		}
		run := min(math.Exp(logRun), request)
		mean, last, cv := math.Exp(latent+0.7*meanNoise[i]-0.2), math.Exp(latent+0.9*lastNoise[i]), 0.3+0.5*cvNoise[i]+0.3*userCV[user[i]]
		if newUser[i] < 0.07 {
			mean, last, cv = nan, nan, nan
		}
		if noLast[i] < 0.05 {
			last = nan
		}
		if noInput[i] < 0.25 {
			input = nan
		}
		for j, v := range []float64{
			hour, float64(day[i]), request, cpus, mem, gpus, float64(user[i]), float64(group), float64(queue[i]), float64(app),
			mean, last, cv, length, util, input, fileCount, 1000 + 250*priority[i] - 60*float64(queue[i]), array, noise[i],
		} {
			data.ByColumn[j][i] = float64(float32(v))
		}
		data.Target[i] = b2f(run > 0.5*request)
	}
	d, err := supervised.NewDataset(data)
	require.NoError(tb, err)
	return d
}
