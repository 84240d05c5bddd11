package supervised

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

// skewed has a target with a heavy upper tail, and a limit that cuts some of it when asked to.
func skewed(t testing.TB, n int, seed uint64, limit func(y, u float64) float64) *Dataset {
	r := rand.New(rand.NewPCG(seed, 3))
	d := Data{Columns: []Column{{Name: "x"}, {Name: "z"}, {Name: "limit"}}}
	for range n {
		x, z := r.Float64()*4, r.NormFloat64()
		y := 3 + math.Sin(x)*2 + r.ExpFloat64()*(0.5+x/4)
		l := math.Inf(1)
		if limit != nil {
			l = limit(y, r.Float64())
		}
		d.Rows = append(d.Rows, []float64{x, z, min(l, 1e9)})
		d.Target = append(d.Target, min(y, l))
		d.Weights = append(d.Weights, 0.5+r.Float64())
	}
	return mustDataset(t, d)
}

// The derivatives must be those of the loss, or, where it has none, of one side.
func TestLossGradients(t *testing.T) {
	d := skewed(t, 60, 1, func(y, u float64) float64 { return y + 2*u - 1 })
	two, three := generated(t, 60, 2, false, 1), generated(t, 60, 3, false, 1)
	weights := func(d *Dataset) []float64 {
		w, err := d.classWeights()
		require.NoError(t, err)
		return w
	}
	losses := map[string]loss{"binary": newBinaryLoss(two, weights(two)), "softmax": newSoftmaxLoss(three, weights(three))}
	for l := SquaredLoss; l <= CensoredLoss; l++ {
		o := GradientBoosting{Loss: l}
		switch l {
		case QuantileLoss:
			o.Quantile = 0.8
		case AsymmetricLoss:
			o.Under, o.Over = 3, 0.5
		case HuberLoss:
			o.Delta = 0.7
		case CensoredLoss:
			o.Limit = "limit"
		}
		made, err := o.regressionLoss(d)
		require.NoError(t, err)
		losses[l.String()] = made
	}
	for name, l := range losses {
		rows := d
		switch name {
		case "binary":
			rows = two
		case "softmax":
			rows = three
		}
		r := rand.New(rand.NewPCG(9, 9))
		k := l.outputs()
		scores := make([]float64, rows.Len()*k)
		for i := range scores {
			scores[i] = r.NormFloat64()
		}
		unit := 1.0 // the censored loss's gradients are times σ²
		l.begin(scores)
		if c, ok := l.(*censoredLoss); ok {
			unit = 1 / (c.sigma * c.sigma)
		}
		var total float64
		for i := range rows.Len() {
			total += rows.Weight(i)
		}
		const step = 1e-5
		for i := range scores {
			row, output := i/k, i%k
			g, h := l.gradient(row, output, scores[i])
			assert.GreaterOrEqual(t, h, 0.0)
			at := scores[i]
			scores[i] = at + step
			up := l.mean(scores)
			scores[i] = at - step
			down := l.mean(scores)
			scores[i] = at
			assert.InDelta(t, (up-down)/(2*step)*total/rows.Weight(row), g*unit, 2e-4, "%s, row %d", name, row)
		}
	}
}

// base must be where the mean gradient vanishes, or changes sign.
func TestLossBaseIsTheBestConstant(t *testing.T) {
	d := skewed(t, 400, 2, func(y, u float64) float64 { return y + 2*u - 1 })
	for l := SquaredLoss; l <= CensoredLoss; l++ {
		o := GradientBoosting{Loss: l}
		if l == CensoredLoss {
			o.Limit = "limit"
		}
		made, err := o.regressionLoss(d)
		require.NoError(t, err)
		if l == HuberLoss {
			continue // starts at the median
		}
		base := made.base()[0]
		at := func(s float64) float64 {
			scores := spread([]float64{s}, d.Len())
			if c, ok := made.(*censoredLoss); ok {
				sigma := c.sigma
				defer func() { c.sigma = sigma }()
			}
			return made.mean(scores)
		}
		for _, off := range []float64{-0.05, 0.05} {
			assert.Less(t, at(base), at(base+off), "%v", l)
		}
	}
}

// Each loss must estimate what its comment says, on rows that it has not seen.
func TestLossesEstimateWhatTheySay(t *testing.T) {
	train, test := skewed(t, 4000, 3, nil), skewed(t, 4000, 4, nil)
	fit := func(o GradientBoosting) *BoostedRegressor {
		o.Rounds = 60
		m, err := o.FitRegressor(train)
		require.NoError(t, err)
		return m
	}
	below := func(m Model) float64 {
		var n float64
		for i, p := range Predictions(m, test) {
			if test.Target(i) <= p {
				n++
			}
		}
		return n / float64(test.Len())
	}
	for _, q := range []float64{0.1, 0.5, 0.9} {
		assert.InDelta(t, q, below(fit(GradientBoosting{Loss: QuantileLoss, Quantile: q})), 0.03)
	}
	assert.InDelta(t, 0.5, below(fit(GradientBoosting{Loss: AbsoluteLoss})), 0.03)
	mean := func(m Model) (bias float64) {
		for i, p := range Predictions(m, test) {
			bias += (p - test.Target(i)) / float64(test.Len())
		}
		return bias
	}
	assert.InDelta(t, 0, mean(fit(GradientBoosting{})), 0.05)
	assert.InDelta(t, 0, mean(fit(GradientBoosting{Loss: PoissonLoss})), 0.05)
	assert.Less(t, mean(fit(GradientBoosting{Loss: HuberLoss, Delta: 0.3})), -0.1, "nearer the median, which is lower")
	// The 0.9 and 0.1 expectiles of an exponential number lie at 2.04 and 0.41 of its mean.
	assert.InDelta(t, 1-math.Exp(-2.04), below(fit(GradientBoosting{Loss: AsymmetricLoss, Under: 9})), 0.04)
	assert.InDelta(t, 1-math.Exp(-0.41), below(fit(GradientBoosting{Loss: AsymmetricLoss, Over: 9})), 0.04)
}

// Jobs cut at a limit: the censored loss finds the mean that there would be without limits; the squared
// one does not.
func TestCensoredLossSeesBeyondTheLimit(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	data := Data{Columns: []Column{{Name: "x"}, {Name: "limit"}}}
	var truth []float64
	for range 6000 {
		x := math.Floor(r.Float64() * 4)
		y := 2*x + r.NormFloat64()*1.5
		limit := 2*x + 2*r.Float64()
		data.Rows = append(data.Rows, []float64{x, limit})
		data.Target = append(data.Target, min(y, limit))
		truth = append(truth, 2*x)
	}
	d := mustDataset(t, data)
	bias := func(o GradientBoosting) (sum float64) {
		m, err := o.FitRegressor(d)
		require.NoError(t, err)
		for i, p := range Predictions(m, d) {
			sum += (p - truth[i]) / float64(len(truth))
		}
		return sum
	}
	assert.Less(t, bias(GradientBoosting{}), -0.25)
	assert.InDelta(t, 0, bias(GradientBoosting{Loss: CensoredLoss, Limit: "limit", Depth: 3}), 0.06)
}

func TestMills(t *testing.T) {
	// φ(z)/(1−Φ(z)), computed with 50 digits.
	for z, want := range map[float64]float64{-3: 0.004437839, 0: 0.7978845608, 2: 2.373215533, 10: 10.09809323, 40: 40.02496884} {
		assert.InEpsilon(t, want, mills(z), 1e-6, "z %v", z)
	}
}

func TestMonotoneColumnsNeverTurn(t *testing.T) {
	r := rand.New(rand.NewPCG(10, 10))
	data := Data{Columns: []Column{{Name: "up"}, {Name: "down"}, {Name: "free"}}}
	for range 1500 {
		x := []float64{r.Float64(), r.Float64(), r.Float64()}
		data.Rows = append(data.Rows, x)
		data.Target = append(data.Target, x[0]+0.5*math.Sin(12*x[0])-x[1]+0.5*math.Cos(9*x[1])+math.Sin(9*x[2])+0.3*r.NormFloat64())
	}
	d := mustDataset(t, data)
	classes := data
	classes.Classes, classes.Target = yesNo, make([]float64, len(data.Target))
	for i, y := range data.Target {
		if y > 0.3 {
			classes.Target[i] = 1
		}
	}
	turns := func(m Model) (up, down, free int) {
		for range 200 {
			base := []float64{r.Float64(), r.Float64(), r.Float64()}
			for j, count := range []*int{&up, &down, &free} {
				x := append([]float64(nil), base...)
				last := math.Inf(-1)
				for step := range 40 {
					x[j] = float64(step) / 40
					p := m.Predict(x)
					if j == 1 {
						p = -p
					}
					if p < last-1e-12 {
						*count++
					}
					last = p
				}
			}
		}
		return up, down, free
	}
	for _, l := range []Loss{SquaredLoss, AbsoluteLoss} {
		o := GradientBoosting{MinLeaf: 5, Loss: l}
		m, err := o.FitRegressor(d)
		require.NoError(t, err)
		up, down, _ := turns(m)
		assert.Positive(t, up*down, "without the constraint both turn")
		o.Rising, o.Falling = []string{"up"}, []string{"down"}
		m, err = o.FitRegressor(d)
		require.NoError(t, err)
		up, down, free := turns(m)
		assert.Zero(t, up, l)
		assert.Zero(t, down, l)
		assert.Positive(t, free, "the third may")
		s, err := ScoreRegressor(m, d)
		require.NoError(t, err)
		assert.Less(t, s.RMSE, 0.6, "it has still learned something")
	}
	c, err := GradientBoosting{MinLeaf: 5, Rising: []string{"up"}, Falling: []string{"down"}}.FitClassifier(mustDataset(t, classes))
	require.NoError(t, err)
	up, down, _ := turns(c)
	assert.Zero(t, up+down)
}

func TestEarlyStopping(t *testing.T) {
	train, held := generated(t, 300, 2, true, 60), generated(t, 300, 2, true, 61)
	full, err := GradientBoosting{Rounds: 200, Rate: 0.3, MinLeaf: 2}.FitClassifier(train)
	require.NoError(t, err)
	m, err := GradientBoosting{Rounds: 200, Rate: 0.3, MinLeaf: 2, Held: held, Patience: 5}.FitClassifier(train)
	require.NoError(t, err)
	assert.Less(t, m.Rounds(), 100)
	assert.Len(t, m.HeldLoss(), m.Rounds()+5, "five more rounds showed nothing better")
	loss := func(m Classifier) float64 {
		var sum, weight float64
		for i := range held.Len() {
			p := m.Predict(held.Row(nil, i))
			if held.Target(i) == 0 {
				p = 1 - p
			}
			sum -= held.Weight(i) * math.Log(p)
			weight += held.Weight(i)
		}
		return sum / weight
	}
	assert.InDelta(t, m.HeldLoss()[m.Rounds()-1], loss(m), 1e-9, "the loss that was followed is the model's")
	assert.Less(t, loss(m), loss(full))
	for k := range m.Rounds() {
		same, err := GradientBoosting{Rounds: k + 1, Rate: 0.3, MinLeaf: 2}.FitClassifier(train)
		require.NoError(t, err)
		require.InDelta(t, m.HeldLoss()[k], loss(same), 1e-9, "round %d", k)
		if k == 3 {
			break
		}
	}
	numbers, err := GradientBoosting{Held: generated(t, 50, 0, true, 63)}.FitRegressor(generated(t, 50, 0, true, 62))
	require.NoError(t, err)
	assert.LessOrEqual(t, numbers.Rounds(), 100)
}

func TestBoostingIsTheSameOnAnyNumberOfThreads(t *testing.T) {
	defer goleak.VerifyNone(t)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	// Enough rows for every step to be shared out, and enough columns for the search to be.
	d, numbers := generated(t, 50_000, 3, true, 15), generated(t, 50_000, 0, true, 15)
	require.Greater(t, d.Len()*d.Width(), parallelWork)
	wide := Data{}
	for i := range 400 {
		row := make([]float64, 40)
		for j := range row {
			row[j] = math.Sin(float64(i * (j + 3)))
		}
		wide.Rows, wide.Target = append(wide.Rows, row), append(wide.Target, row[0]*row[7]+row[30])
	}
	many := mustDataset(t, wide)
	fit := func(threads int) []byte {
		w, err := GradientBoosting{Rounds: 2, Threads: threads}.FitRegressor(many)
		require.NoError(t, err)
		o := GradientBoosting{Rounds: 2, Threads: threads, Leaves: 40, Depth: 8}
		c, err := o.FitClassifier(d)
		require.NoError(t, err)
		r, err := o.FitRegressor(numbers)
		require.NoError(t, err)
		return slices.Concat(saved(t, c), saved(t, r), saved(t, w))
	}
	want := fit(1)
	for _, procs := range []int{1, 2} {
		runtime.GOMAXPROCS(procs)
		require.Equal(t, want, fit(3), "GOMAXPROCS %d", procs)
	}
}

// Many users, each with a rate of its own: the encoding learns them, and a plain code cannot be had.
func TestEncodeManyLevels(t *testing.T) {
	r := rand.New(rand.NewPCG(12, 12))
	var levels []string
	var effect []float64
	for k := range 600 {
		levels = append(levels, fmt.Sprint("user", k))
		effect = append(effect, r.NormFloat64())
	}
	table := func(n int) *Dataset {
		data := Data{Columns: []Column{{Name: "user", Kind: Categorical, Levels: levels}, {Name: "x"}}}
		for range n {
			user, x := r.IntN(600), r.NormFloat64()
			data.Rows = append(data.Rows, []float64{float64(user), x})
			data.Target = append(data.Target, effect[user]+x+0.3*r.NormFloat64())
		}
		return mustDataset(t, data)
	}
	train, test := table(6000), table(2000)
	_, err := GradientBoosting{}.FitRegressor(train)
	assert.ErrorIs(t, err, ErrBins)
	assert.ErrorContains(t, err, `"user" has 600 levels`)
	_, err = RandomForest{}.FitRegressor(train)
	assert.ErrorIs(t, err, ErrBins)
	m, err := GradientBoosting{Encode: []string{"user"}}.FitRegressor(train)
	require.NoError(t, err)
	s, err := ScoreRegressor(m, test)
	require.NoError(t, err)
	assert.Less(t, s.RMSE, 0.65, "without the user 1.04, with its effect known 0.3")
	f, err := RandomForest{Trees: 30, Encode: []string{"user"}, Features: 2}.FitRegressor(train)
	require.NoError(t, err)
	s, err = ScoreRegressor(f, test)
	require.NoError(t, err)
	assert.Less(t, s.RMSE, 0.75)
	assert.Equal(t, m.Predict([]float64{nan, 0}), m.Predict([]float64{700, 0}), "an unknown level is a missing value")

	// A column of noise with a level for each row teaches nothing: no target leaks into its own row.
	data := Data{Columns: []Column{{Name: "id", Kind: Categorical, Levels: levels}}, Classes: yesNo}
	for i := range 600 {
		data.Rows, data.Target = append(data.Rows, []float64{float64(i)}), append(data.Target, float64(r.IntN(2)))
	}
	c, err := GradientBoosting{Encode: []string{"id"}, MinLeaf: 1}.FitClassifier(mustDataset(t, data))
	require.NoError(t, err)
	assert.Zero(t, c.Rounds(), "every row was encoded by the same prior")
}

// Ordered statistics by hand: rows 0 to 3 in the order 2, 0, 3, 1.
func TestOrderedStatisticsWorked(t *testing.T) {
	d := mustDataset(t, Data{
		Columns: []Column{{Name: "c", Kind: Categorical, Levels: []string{"p", "q", "r"}}},
		Rows:    [][]float64{{0}, {0}, {0}, {1}}, Target: []float64{1, 2, 3, 6}, // mean 3
	})
	values, table := orderedStatistics(d, 0, []int{2, 0, 3, 1}, d.Target)
	assert.Equal(t, []float64{(3 + 3) / 2.0, (3 + 1 + 3) / 3.0, 3, 3}, values)
	assert.Equal(t, []float64{(1 + 2 + 3 + 3) / 4.0, (6 + 3) / 2.0, 3}, table)
}

func TestClassWeights(t *testing.T) {
	d := generated(t, 300, 2, true, 70)
	mean := func(m Model) (sum float64) {
		for _, p := range Predictions(m, d) {
			sum += p / float64(d.Len())
		}
		return sum
	}
	for name, fit := range map[string]func(w []float64) (*BoostedClassifier, *ForestClassifier, error){
		"both": func(w []float64) (*BoostedClassifier, *ForestClassifier, error) {
			b, err := GradientBoosting{Rounds: 20, ClassWeights: w}.FitClassifier(d)
			if err != nil {
				return nil, nil, err
			}
			f, err := RandomForest{Trees: 20, MinLeaf: 10, ClassWeights: w}.FitClassifier(d)
			return b, f, err
		},
	} {
		b, f, err := fit(nil)
		require.NoError(t, err, name)
		heavyB, heavyF, err := fit([]float64{1, 10})
		require.NoError(t, err, name)
		assert.Greater(t, mean(heavyB), mean(b)+0.05)
		assert.Greater(t, mean(heavyF), mean(f)+0.05)
		_, _, err = fit([]float64{1})
		assert.ErrorIs(t, err, ErrOptions)
		_, _, err = fit([]float64{1, -1})
		assert.ErrorIs(t, err, ErrWeight)
	}
}

func TestBoostingOptions(t *testing.T) {
	d, numbers := generated(t, 30, 2, false, 1), generated(t, 30, 0, false, 1)
	_, err := GradientBoosting{Rounds: -1, Leaves: -2, Depth: -3, MinLeaf: -4, Threads: -5, Patience: -6, Bins: 1, Rate: 2, L2: -1}.FitClassifier(d)
	require.ErrorIs(t, err, ErrOptions)
	for _, part := range []string{"Rounds is -1", "Leaves is -2", "Depth is -3", "MinLeaf is -4", "Threads is -5", "Patience is -6", "Bins is 1", "Rate is 2", "L2 is -1"} {
		assert.ErrorContains(t, err, part)
	}
	for name, o := range map[string]GradientBoosting{
		"a loss that is not there":   {Loss: 99},
		"a quantile of 1":            {Loss: QuantileLoss, Quantile: 1},
		"another loss's parameter":   {Delta: 1},
		"no limit":                   {Loss: CensoredLoss},
		"a limit without censoring":  {Limit: "a"},
		"a categorical limit":        {Loss: CensoredLoss, Limit: "c"},
		"class weights for a number": {ClassWeights: []float64{1, 1}},
		"both ways":                  {Rising: []string{"a"}, Falling: []string{"a"}},
		"a category that rises":      {Rising: []string{"c"}},
		"a numeric encoding":         {Encode: []string{"a"}},
		"an encoding twice":          {Encode: []string{"c", "c"}},
		"another table held":         {Held: skewed(t, 10, 1, nil)},
	} {
		_, err := o.FitRegressor(numbers)
		assert.ErrorIs(t, err, ErrOptions, name)
	}
	for name, o := range map[string]GradientBoosting{
		"rising": {Rising: []string{"y"}}, "encode": {Encode: []string{"y"}}, "limit": {Loss: CensoredLoss, Limit: "y"},
	} {
		_, err := o.FitRegressor(numbers)
		assert.ErrorIs(t, err, ErrNoSuchColumn, name)
	}
	_, err = GradientBoosting{Loss: PoissonLoss}.FitRegressor(numbers)
	assert.ErrorIs(t, err, ErrTask, "negative counts")
	_, err = GradientBoosting{Loss: HuberLoss}.FitClassifier(d)
	assert.ErrorIs(t, err, ErrOptions)
	_, err = GradientBoosting{Rising: []string{"a"}}.FitClassifier(generated(t, 30, 3, false, 1))
	assert.ErrorIs(t, err, ErrOptions)
	_, err = ParseLoss("none")
	assert.ErrorIs(t, err, ErrOptions)
	for l := SquaredLoss; l <= CensoredLoss; l++ {
		back, err := ParseLoss(l.String())
		require.NoError(t, err)
		assert.Equal(t, l, back)
		text, err := l.MarshalText()
		require.NoError(t, err)
		read := Loss(99)
		require.NoError(t, read.UnmarshalText(text))
		assert.Equal(t, l, read)
		assert.ErrorIs(t, read.UnmarshalText([]byte("none")), ErrOptions)
		assert.Equal(t, l, read, "a name that is unknown changes nothing")
	}
	assert.Equal(t, "Loss(99)", Loss(99).String())
	_, err = Loss(99).MarshalText()
	assert.ErrorIs(t, err, ErrOptions)
}

func TestImportances(t *testing.T) {
	d := generated(t, 400, 2, true, 75)
	boosted, err := GradientBoosting{Rounds: 20}.FitClassifier(d)
	require.NoError(t, err)
	forest, err := RandomForest{Trees: 20}.FitClassifier(d)
	require.NoError(t, err)
	for name, m := range map[string]interface {
		Importance() []float64
		Splits() []int
	}{"boosted": boosted, "forest": forest} {
		var sum float64
		gains, splits := m.Importance(), m.Splits()
		for j, g := range gains {
			sum += g
			assert.Equal(t, g > 0, splits[j] > 0, "%s: column %d", name, j)
		}
		assert.InDelta(t, 1, sum, 1e-12, name)
		for _, noise := range gains[3:] {
			assert.Greater(t, gains[0], 2*noise, name)
		}
	}
	nodes := 0
	for i, n := range boosted.trees.nodes {
		if !n.isLeaf(int32(i)) {
			nodes++
		}
	}
	total := 0
	for _, n := range boosted.Splits() {
		total += n
	}
	assert.Equal(t, nodes, total)
}

func TestPartitionInParallelEqualsPartition(t *testing.T) {
	r := rand.New(rand.NewPCG(14, 14))
	values := make([]float64, parallelWork/8+77)
	for i := range values {
		values[i] = float64(r.IntN(50))
	}
	q := quantise([]input{{values: values, table: -1}}, func(int) float64 { return 1 }, len(values), maxBins, 1)
	for _, bin := range []uint8{0, 20, 49} {
		for _, threads := range []int{2, 3, 7} {
			one, many, scratch := make([]int32, len(values)), make([]int32, len(values)), make([]int32, len(values))
			for i, k := range r.Perm(len(values)) {
				one[i], many[i] = int32(k), int32(k)
			}
			s := split{bin: bin}
			require.Equal(t, q.partition(one, scratch, &s), q.partitionInParallel(threads, many, scratch, &s))
			require.Equal(t, one, many)
		}
	}
}
