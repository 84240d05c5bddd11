package features

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leptonsched/lepton"
)

// The world of these tests: a pool of workers and the job that waits for one of them.
type worker struct {
	id             uint64
	running, slots int
	up             bool
}

type pool struct {
	queued  int
	oldest  time.Duration
	kind    string
	user    string
	now     time.Time
	workers []worker
}

type placement = Candidate[*pool, worker]

var (
	_ lepton.StateEncoder[*pool] = (*Encoder[*pool])(nil)
	_ lepton.ActionSpace[*pool]  = (*CandidateSpace[*pool, worker])(nil)
	_ lepton.ActionSpace[*pool]  = (*DiscreteSpace[*pool])(nil)
	_ lepton.Namer               = (*Encoder[*pool])(nil)
	_ lepton.Namer               = (*CandidateSpace[*pool, worker])(nil)
	_ lepton.Namer               = (*DiscreteSpace[*pool])(nil)
)

func workers(p *pool) []worker { return p.workers }
func workerID(w worker) uint64 { return w.id }

func encoder(t testing.TB) *Encoder[*pool] {
	enc, err := State(
		Numeric("queued", func(p *pool) int { return p.queued }),
		Scaled("oldest_s", float64(time.Second), func(p *pool) time.Duration { return p.oldest }),
		LogBucket("queue", 1, 10, 4, func(p *pool) int { return p.queued }),
		OneHot("kind", []string{"batch", "web"}, func(p *pool) string { return p.kind }),
		Hashed("user", 8, 1, func(p *pool) string { return p.user }),
		TimeOfDay("day", func(p *pool) time.Time { return p.now }),
	)
	require.NoError(t, err)
	return enc
}

func space(t testing.TB) *CandidateSpace[*pool, worker] {
	acts, err := Candidates(workers, workerID,
		Legal(func(c placement) bool { return c.Action.up }),
		Numeric("running", func(c placement) int { return c.Action.running }),
		Ratio("load", func(c placement) (int, int) { return c.Action.running, c.Action.slots }),
		Bool("crowded", func(c placement) bool { return c.State.queued > c.Action.slots }),
	)
	require.NoError(t, err)
	return acts
}

func somePool() *pool {
	return &pool{
		queued: 7, oldest: 90 * time.Second, kind: "web", user: "ada", now: time.Date(2024, 5, 1, 6, 0, 0, 0, time.UTC),
		workers: []worker{{id: 11, running: 1, slots: 4, up: true}, {id: 12, running: 2, slots: 8}, {id: 13, slots: 0, up: true}},
	}
}

// value reads one number through a scalar kind.
func value[T any](t *testing.T, f Feature[T], x T) float64 {
	t.Helper()
	enc, err := State(f)
	require.NoError(t, err)
	row := enc.AppendState(nil, x)
	require.Len(t, row, 1)
	return row[0]
}

func same(x float64) float64 { return x }

func TestScalarKinds(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range []struct {
		name     string
		f        Feature[float64]
		in, want float64
	}{
		{"numeric", Numeric("x", same), 2.5, 2.5},
		{"numeric passes NaN on", Numeric("x", same), nan, nan},
		{"numeric passes infinity on", Numeric("x", same), inf, inf},
		{"numeric of integers", Numeric("x", func(x float64) int8 { return int8(x) }), -3, -3},
		{"scaled", Scaled("x", 4, same), 10, 2.5},
		{"scaled passes NaN on", Scaled("x", 4, same), nan, nan},
		{"clipped below", Clipped("x", -1, 1, same), -5, -1},
		{"clipped inside", Clipped("x", -1, 1, same), 0.5, 0.5},
		{"clipped infinity", Clipped("x", -1, 1, same), inf, 1},
		{"clipped NaN stays", Clipped("x", -1, 1, same), nan, nan},
		{"log1p", Log1p("x", same), math.E - 1, 1},
		{"log1p of a negative", Log1p("x", same), 1 - math.E, -1},
		{"log1p of zero", Log1p("x", same), 0, 0},
		{"log1p passes NaN on", Log1p("x", same), nan, nan},
		{"log1p passes infinity on", Log1p("x", same), -inf, -inf},
		{"ratio", Ratio("x", func(x float64) (float64, float64) { return x, 4 }), 3, 0.75},
		{"ratio of nothing to nothing", Ratio("x", func(x float64) (float64, float64) { return x, 0 }), 0, 0},
		{"ratio to nothing", Ratio("x", func(x float64) (float64, float64) { return x, 0 }), 3, 0},
		{"ratio passes NaN on", Ratio("x", func(x float64) (float64, float64) { return 1, x }), nan, nan},
		{"bool true", Bool("x", func(x float64) bool { return x > 0 }), 1, 1},
		{"bool false", Bool("x", func(x float64) bool { return x > 0 }), -1, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := value(t, c.f, c.in)
			if math.IsNaN(c.want) {
				assert.True(t, math.IsNaN(got), "%v", got)
				return
			}
			assert.InDelta(t, c.want, got, 1e-15)
		})
	}
}

func TestGroupKinds(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	buckets := Buckets("x", []float64{1, 10}, same)
	kinds := OneHot("x", []float64{2, 4}, same)
	for _, c := range []struct {
		name string
		f    Feature[float64]
		in   float64
		want []float64
	}{
		{"bucket below the first edge", buckets, 0.5, []float64{1, 0, 0}},
		{"an edge belongs to the bucket above", buckets, 1, []float64{0, 1, 0}},
		{"bucket from the last edge on", buckets, 10, []float64{0, 0, 1}},
		{"bucket of −Inf", buckets, -inf, []float64{1, 0, 0}},
		{"bucket of +Inf", buckets, inf, []float64{0, 0, 1}},
		{"bucket of NaN", buckets, nan, []float64{0, 0, 0}},
		{"log bucket", LogBucket("x", 60, 10, 4, same), 599, []float64{0, 1, 0, 0}},
		{"log bucket, last", LogBucket("x", 60, 10, 4, same), 6000, []float64{0, 0, 0, 1}},
		{"one-hot", kinds, 4, []float64{0, 1}},
		{"one-hot of a stranger", kinds, 3, []float64{0, 0}},
		{"fill", Fill([]string{"a", "b"}, func(row []float64, x float64) { row[1] = x }), 3, []float64{0, 3}},
	} {
		t.Run(c.name, func(t *testing.T) {
			enc, err := State(c.f)
			require.NoError(t, err)
			assert.Equal(t, c.want, enc.AppendState(nil, c.in))
		})
	}
}

func TestTimeOfDay(t *testing.T) {
	enc, err := State(TimeOfDay("day", func(t time.Time) time.Time { return t }))
	require.NoError(t, err)
	assert.Equal(t, []string{"day.sin", "day.cos"}, enc.FeatureNames())
	for _, c := range []struct {
		clock    string
		sin, cos float64
	}{{"00:00:00", 0, 1}, {"06:00:00", 1, 0}, {"12:00:00", 0, -1}, {"18:00:00", -1, 0}, {"03:00:00", math.Sqrt2 / 2, math.Sqrt2 / 2}} {
		at, err := time.Parse(time.TimeOnly, c.clock)
		require.NoError(t, err)
		assert.InDeltaSlice(t, []float64{c.sin, c.cos}, enc.AppendState(nil, at), 1e-15, c.clock)
	}
	berlin := time.FixedZone("", 2*3600)
	at := time.Date(2024, 7, 1, 4, 0, 0, 0, time.UTC)
	assert.InDelta(t, 1, enc.AppendState(nil, at.In(berlin))[0], 1e-15, "the clock of the time's own location")
}

func TestHashed(t *testing.T) {
	enc, err := State(Hashed("user", 16, 1, func(s string) string { return s }))
	require.NoError(t, err)
	other, err := State(Hashed("user", 16, 2, func(s string) string { return s }))
	require.NoError(t, err)
	assert.Equal(t, "user#15", enc.FeatureNames()[15])
	counts, sum, moved := make([]int, 16), 0.0, 0
	for i := range 16_000 {
		name := string(rune('a'+i%26)) + time.Duration(i).String()
		row := enc.AppendState(nil, name)
		require.Equal(t, row, enc.AppendState(nil, name))
		used := 0
		for j, v := range row {
			if v != 0 {
				require.Equal(t, 1.0, math.Abs(v))
				used++
				counts[j]++
				sum += v
				if other.AppendState(nil, name)[j] == 0 {
					moved++
				}
			}
		}
		require.Equal(t, 1, used)
	}
	for j, n := range counts { // 1000 each, standard deviation 31
		assert.InDelta(t, 1000, n, 150, "bucket %d", j)
	}
	assert.InDelta(t, 0, sum, 600, "signs cancel: standard deviation 126")
	assert.Greater(t, moved, 14_000, "another seed gives other buckets")

	ids, err := State(HashedID("id", 4, 1, func(s string) int { return len(s) }))
	require.NoError(t, err)
	assert.Len(t, ids.AppendState(nil, "abc"), 4)
	// Published FNV-1a 64 test vectors (Fowler, Noll & Vo, draft-eastlake-fnv).
	assert.Equal(t, uint64(0xcbf29ce484222325), HashID(""))
	assert.Equal(t, uint64(0xaf63dc4c8601ec8c), HashID("a"))
	assert.Equal(t, uint64(0x85944171f73967e8), HashID("foobar"))
}

func TestState(t *testing.T) {
	enc := encoder(t)
	names := []string{
		"queued", "oldest_s", "queue<1", "queue=[1,10)", "queue=[10,100)", "queue>=100", "kind=batch", "kind=web",
		"user#0", "user#1", "user#2", "user#3", "user#4", "user#5", "user#6", "user#7", "day.sin", "day.cos",
	}
	assert.Equal(t, names, enc.FeatureNames())
	row := enc.AppendState([]float64{-1}, somePool())
	require.Len(t, row, 1+enc.StateDim())
	assert.Equal(t, []float64{-1, 7, 90, 0, 1, 0, 0, 0, 1}, row[:9], "what was there stays")
	dirty := []float64{9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9}
	assert.Equal(t, row[1:], enc.AppendState(dirty[:0], somePool()), "memory of before does not shine through")
}

func TestCandidates(t *testing.T) {
	at, err := CandidatesAt(func(p *pool) int { return len(p.workers) }, func(p *pool, i int) *worker { return &p.workers[i] },
		func(w *worker) uint64 { return w.id },
		Legal(func(c Candidate[*pool, *worker]) bool { return c.Action.slots < 8 }),
		Legal(func(c Candidate[*pool, *worker]) bool { return c.Action.up }),
		Fill([]string{"running", "load", "crowded"}, func(row []float64, c Candidate[*pool, *worker]) {
			row[0] = float64(c.Action.running)
			if c.Action.slots > 0 {
				row[1] = row[0] / float64(c.Action.slots)
			}
			if c.State.queued > c.Action.slots {
				row[2] = 1
			}
		}))
	require.NoError(t, err)
	for name, acts := range map[string]lepton.ActionSpace[*pool]{"over a slice": space(t), "by index": at} {
		t.Run(name, func(t *testing.T) {
			var o lepton.Observation
			require.NoError(t, lepton.Encode[*pool](&o, encoder(t), acts, somePool(), 0))
			require.Equal(t, 3, o.Len())
			assert.Equal(t, []uint64{11, 12, 13}, []uint64{o.ID(0), o.ID(1), o.ID(2)})
			assert.Equal(t, []bool{true, false, true}, []bool{o.Legal(0), o.Legal(1), o.Legal(2)})
			assert.Equal(t, []float64{1, 0.25, 1, 2, 0.25, 0, 0, 0, 1}, o.Rows())
			assert.Equal(t, []string{"running", "load", "crowded"}, lepton.SpecOf[*pool](encoder(t), acts).ActionNames)

			require.NoError(t, lepton.Encode[*pool](&o, encoder(t), acts, somePool(), 2))
			assert.Equal(t, 2, o.Len())
			assert.Equal(t, 3, o.Offered())

			require.NoError(t, lepton.Encode[*pool](&o, encoder(t), acts, &pool{}, 0))
			assert.Equal(t, 0, o.Len())
		})
	}
}

func TestDiscrete(t *testing.T) {
	actions := []string{"hold", "add", "remove"}
	type choice = Candidate[*pool, int]
	shed := Legal(func(c choice) bool { return c.Action != 2 || c.State.queued == 0 })
	enc := encoder(t)
	var o lepton.Observation

	bare, err := Discrete(actions, shed)
	require.NoError(t, err)
	require.NoError(t, lepton.Encode[*pool](&o, enc, bare, somePool(), 0))
	assert.Equal(t, lepton.Spec{StateDim: 18, Actions: 3, StateNames: enc.FeatureNames()}, lepton.SpecOf[*pool](enc, bare))
	assert.Equal(t, []bool{true, true, false}, []bool{o.Legal(0), o.Legal(1), o.Legal(2)})
	assert.Equal(t, []uint64{0, 1, 2}, []uint64{o.ID(0), o.ID(1), o.ID(2)})
	assert.Empty(t, o.Rows())
	assert.Equal(t, actions, bare.ActionNames())

	full, err := Discrete(actions, shed, OneHotAction[*pool](actions...),
		Numeric("sign", func(c choice) int { return [...]int{0, 1, -1}[c.Action] }))
	require.NoError(t, err)
	require.NoError(t, lepton.Encode[*pool](&o, enc, full, somePool(), 0))
	assert.Equal(t, []string{"action=hold", "action=add", "action=remove", "sign"}, full.FeatureNames())
	assert.Equal(t, []float64{1, 0, 0, 0, 0, 1, 0, 1, 0, 0, 1, -1}, o.Rows())
}

func TestFaultsAreReportedTogether(t *testing.T) {
	var none func(*pool) int
	_, err := State(
		Numeric("a", none), Numeric("", func(p *pool) int { return 0 }), Numeric("b", func(p *pool) int { return 0 }),
		OneHot("b", []string{}, func(p *pool) string { return "" }), Bool("b", func(p *pool) bool { return true }),
		OneHot("c", []int{4, 4}, func(p *pool) int { return 0 }), Feature[*pool]{}, Legal(func(p *pool) bool { return true }),
		Scaled("d", 0, func(p *pool) int { return 0 }), Clipped("e", 2, 1, func(p *pool) int { return 0 }),
		Buckets("f", []float64{1, 1, math.NaN()}, func(p *pool) int { return 0 }), LogBucket("g", 0, 1, 1, none),
		Hashed("h", 0, 1, func(p *pool) string { return "" }), Fill[*pool](nil, nil))
	require.Error(t, err)
	for _, want := range []string{
		`"a" has a nil closure`, `a feature has no name`, `"b" is named twice`, `"b" has no values`, `"c=4" is named twice`,
		`an empty Feature{}`, `only an action can be legal`, `"d" has unit 0`, `"e" is clipped to [2, 1]`,
		`"f" has edge 1 (1) not above the one before (1)`, `"f" has NaN as edge 2`, `"g" has first 0, base 1 and 1 buckets`,
		`"h" has 0 buckets`, `Fill has no names`,
	} {
		assert.ErrorContains(t, err, want)
	}

	_, err = State[*pool]()
	assert.EqualError(t, err, "features: State has no features")
	_, err = Candidates[*pool, worker](nil, workerID)
	assert.EqualError(t, err, "features: Candidates has a nil closure\nfeatures: Candidates has no features")
	_, err = CandidatesAt(nil, func(*pool, int) worker { return worker{} }, workerID, Legal[placement](nil))
	assert.EqualError(t, err, "features: Legal has a nil closure\nfeatures: CandidatesAt has a nil closure\nfeatures: CandidatesAt has no features")
	_, err = Discrete([]string{"x", "", "x"}, OneHotAction[*pool]())
	assert.EqualError(t, err, "features: OneHotAction has no actions\nfeatures: action 1 has no name\nfeatures: action \"x\" is named twice")
	_, err = Discrete[*pool](nil)
	assert.EqualError(t, err, "features: Discrete has no actions")
}

// TestPure holds lengths and purity for any state: encoding twice, with another state between, gives
// the same observation.
func TestPure(t *testing.T) {
	enc, acts := encoder(t), space(t)
	rapid.Check(t, func(rt *rapid.T) {
		draw := func(label string) *pool {
			p := &pool{
				queued: rapid.Int().Draw(rt, label+"queued"), kind: rapid.SampledFrom([]string{"batch", "web", "?"}).Draw(rt, label+"kind"),
				user: rapid.String().Draw(rt, label+"user"), now: time.Unix(rapid.Int64Range(0, 1e10).Draw(rt, label+"now"), 0),
			}
			for range rapid.IntRange(0, 5).Draw(rt, label+"n") {
				p.workers = append(p.workers, worker{id: rapid.Uint64().Draw(rt, "id"), slots: rapid.IntRange(0, 3).Draw(rt, "slots"), up: rapid.Bool().Draw(rt, "up")})
			}
			return p
		}
		a, b := draw("a."), draw("b.")
		var first, again lepton.Observation
		require.NoError(rt, lepton.Encode[*pool](&first, enc, acts, a, 0))
		require.NoError(rt, lepton.Encode[*pool](&again, enc, acts, b, 0))
		require.NoError(rt, lepton.Encode[*pool](&again, enc, acts, a, 0))
		require.Equal(rt, first.State(), again.State())
		require.True(rt, slices.Equal(first.Rows(), again.Rows()))
		require.Equal(rt, len(a.workers), first.Len())
	})
}

func TestNothingIsAllocated(t *testing.T) {
	enc, acts, p := encoder(t), space(t), somePool()
	fixed, err := Discrete([]string{"hold", "add"}, OneHotAction[*pool]("hold", "add"))
	require.NoError(t, err)
	var o, f lepton.Observation
	require.NoError(t, lepton.Encode[*pool](&o, enc, acts, p, 0))
	require.NoError(t, lepton.Encode[*pool](&f, enc, fixed, p, 0))
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		_ = lepton.Encode[*pool](&o, enc, acts, p, 0)
		_ = lepton.Encode[*pool](&f, enc, fixed, p, 0)
	}))
}
