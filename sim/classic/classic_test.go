package classic

import (
	"encoding/csv"
	"fmt"
	"math"
	"os"
	"strconv"
	"testing"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/leptontest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var _, _ lepton.Environment = (*CartPole)(nil), (*MountainCar)(nil)

func TestEnvironmentContract(t *testing.T) {
	for name, env := range map[string]lepton.Environment{"CartPole": NewCartPole(), "MountainCar": NewMountainCar()} {
		t.Run(name, func(t *testing.T) { leptontest.Environment(t, env, leptontest.EnvironmentOptions{}) })
	}
}

// The first step as Gymnasium's documentation prints it, in float32 (wrappers, TimeAwareObservation and
// VectorEnv.step: CartPole-v1 after reset(seed=42)).
func TestCartPolePublishedSteps(t *testing.T) {
	for _, c := range []struct {
		name   string
		from   CartPoleState
		action int
		want   CartPoleState
	}{
		{"right", CartPoleState{0.0273956, -0.00611216, 0.03585979, 0.0197368}, 1, CartPoleState{0.02727336, 0.18847767, 0.03625453, -0.26141977}},
		{"left", CartPoleState{0.0273956, -0.00611216, 0.03585979, 0.0197368}, 0, CartPoleState{0.02727336, -0.20172954, 0.03625453, 0.32351476}},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := NewCartPole()
			e.Start(c.from)
			reward, discount, last := e.Step(c.action)
			assert.Equal(t, []any{1.0, 1.0, false}, []any{reward, discount, last})
			assert.InDeltaSlice(t, numbers(c.want), numbers(e.State()), 3e-8)
		})
	}
}

func numbers(s CartPoleState) []float64 {
	return []float64{s.Position, s.Velocity, s.Angle, s.AngularVelocity}
}

// The rows of testdata were computed in Python from Gymnasium's equations, in their order of operations, by
// another sine and cosine. The actions balance for 300 steps and then push right until the pole falls.
func TestCartPoleGolden(t *testing.T) {
	rows := readRows(t, "testdata/cartpole.csv")
	state := func(row []float64) CartPoleState { return CartPoleState{row[2], row[3], row[4], row[5]} }
	walk, single := NewCartPole(), NewCartPole()
	walk.Start(state(rows[0]))
	for i, row := range rows[1:] {
		single.Start(state(rows[i]))
		reward, discount, last := single.Step(int(row[1]))
		assert.InDeltaSlice(t, row[2:6], numbers(single.State()), 1e-14, "step %d alone", i+1)
		assert.Equal(t, []any{1.0, 1 - row[6], row[6] == 1}, []any{reward, discount, last}, "step %d alone", i+1)

		_, discount, last = walk.Step(int(row[1]))
		assert.Equal(t, []any{1 - row[6], row[6] == 1}, []any{discount, last}, "step %d of the walk", i+1)
	}
	assert.InDeltaSlice(t, rows[len(rows)-1][2:6], numbers(walk.State()), 1e-6, "a last digit grows by e⁴ a second")
}

// The same dynamics by another way: Lagrange's two equations solved by Cramer's rule.
//
//	(M)·ẍ + (m·l·cos θ)·θ̈ = F + m·l·θ̇²·sin θ
//	(cos θ)·ẍ + (4/3·l)·θ̈ = g·sin θ
func TestCartPoleTwin(t *testing.T) {
	for seed := range uint64(1000) {
		e := NewCartPole()
		e.Reset(seed)
		s := e.State()
		s.Angle, s.AngularVelocity, s.Velocity = 4*s.Angle, 40*s.AngularVelocity, 40*s.Velocity
		e.Start(s)
		e.Step(int(seed % 2))
		f := 10 * (2*float64(seed%2) - 1)
		a, b, p := 1.1, 0.05*math.Cos(s.Angle), f+0.05*s.AngularVelocity*s.AngularVelocity*math.Sin(s.Angle)
		c, d, q := math.Cos(s.Angle), 2.0/3, 9.8*math.Sin(s.Angle)
		det := a*d - b*c
		want := []float64{
			s.Position + 0.02*s.Velocity, s.Velocity + 0.02*(p*d-b*q)/det,
			s.Angle + 0.02*s.AngularVelocity, s.AngularVelocity + 0.02*(a*q-p*c)/det,
		}
		require.InDeltaSlice(t, want, numbers(e.State()), 1e-13, "seed %d", seed)
	}
}

func TestCartPoleLimits(t *testing.T) {
	twelve := 12.0
	assert.Equal(t, twelve*2*math.Pi/360, poleLimit, "12 degrees")
	for _, c := range []struct {
		name  string
		state CartPoleState
		falls bool
	}{
		{"upright", CartPoleState{}, false},
		{"cart at the limit", CartPoleState{Position: 2.4}, false},
		{"cart beyond", CartPoleState{Position: math.Nextafter(2.4, 3)}, true},
		{"cart beyond, left", CartPoleState{Position: -2.5}, true},
		{"pole at the limit", CartPoleState{Angle: -0.20943951023931953}, false},
		{"pole beyond", CartPoleState{Angle: math.Nextafter(0.20943951023931953, 1)}, true},
		{"NaN", CartPoleState{Angle: math.NaN()}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			assert.Equal(t, !c.falls, c.state.standing())
			e := NewCartPole()
			e.Start(c.state)
			reward, _, last := e.Step(1)
			assert.Equal(t, c.falls, math.IsNaN(reward) && last, "a step after the end")
		})
	}
}

// A linear controller holds the pole to the limit, which is a cut; then no step is due.
func TestCartPoleCut(t *testing.T) {
	for seed := range uint64(20) {
		e := NewCartPole()
		e.Reset(seed)
		total, last, discount := 0.0, false, 1.0
		for !last {
			action := 0
			if s := e.State(); s.Angle+0.5*s.AngularVelocity+0.1*s.Position+0.2*s.Velocity > 0 {
				action = 1
			}
			var reward float64
			reward, discount, last = e.Step(action)
			total += reward
		}
		require.Equal(t, []float64{CartPoleSteps, 1}, []float64{total, discount}, "seed %d", seed)
		before := e.State()
		reward, _, last := e.Step(0)
		require.True(t, math.IsNaN(reward) && last && e.State() == before)
	}
}

func TestStartsAreAsPublished(t *testing.T) {
	const n = 4000
	pole, car := NewCartPole(), NewMountainCar()
	var mean [5]float64
	var low, high [5]float64
	for seed := range uint64(n) {
		pole.Reset(seed)
		car.Reset(seed)
		require.Zero(t, car.State().Velocity)
		for i, x := range append(numbers(pole.State()), car.State().Position) {
			mean[i] += x / n
			if seed == 0 {
				low[i], high[i] = x, x
			}
			low[i], high[i] = min(low[i], x), max(high[i], x)
		}
	}
	assert.InDeltaSlice(t, []float64{0, 0, 0, 0, -0.5}, mean[:], 0.004)
	assert.InDeltaSlice(t, []float64{-0.05, -0.05, -0.05, -0.05, -0.6}, low[:], 2e-4)
	assert.InDeltaSlice(t, []float64{0.05, 0.05, 0.05, 0.05, -0.4}, high[:], 2e-4)
}

// Python's rows again: against the left wall first, then up the hill.
func TestMountainCarGolden(t *testing.T) {
	rows := readRows(t, "testdata/mountaincar.csv")
	walk := NewMountainCar()
	walk.Start(MountainCarState{rows[0][2], rows[0][3]})
	wall := false
	for i, row := range rows[1:] {
		reward, discount, last := walk.Step(int(row[1]))
		s := walk.State()
		assert.InDeltaSlice(t, row[2:4], []float64{s.Position, s.Velocity}, 1e-12, "step %d", i+1)
		assert.Equal(t, []any{-1.0, 1 - row[4], row[4] == 1}, []any{reward, discount, last}, "step %d", i+1)
		wall = wall || s == MountainCarState{Position: -1.2}
	}
	assert.True(t, wall, "the car ran into the wall and stood")
	reward, _, last := walk.Step(2)
	assert.True(t, math.IsNaN(reward) && last, "a step after the end")
}

func TestMountainCarCut(t *testing.T) {
	e := NewMountainCar()
	for step := 1; ; step++ {
		reward, discount, last := e.Step(1)
		require.Equal(t, []float64{-1, 1}, []float64{reward, discount})
		if last {
			assert.Equal(t, MountainCarSteps, step)
			break
		}
	}
	e.Start(MountainCarState{Position: 0.55, Velocity: 0.01})
	reward, _, last := e.Step(1)
	assert.True(t, math.IsNaN(reward) && last, "a start at the goal has no step")
}

func readRows(t *testing.T, path string) [][]float64 {
	t.Helper()
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	records, err := csv.NewReader(f).ReadAll()
	require.NoError(t, err)
	rows := make([][]float64, len(records)-1)
	for i, record := range records[1:] {
		for _, field := range record {
			x, err := strconv.ParseFloat(field, 64)
			require.NoError(t, err)
			rows[i] = append(rows[i], x)
		}
	}
	return rows
}

func BenchmarkStep(b *testing.B) {
	for name, env := range map[string]lepton.Environment{"CartPole": NewCartPole(), "MountainCar": NewMountainCar()} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var obs lepton.Observation
			for i := uint64(0); b.Loop(); i++ {
				env.Observe(&obs)
				if _, _, last := env.Step(int(i % 2)); last {
					env.Reset(i)
				}
			}
		})
	}
}

func ExampleNewCartPole() {
	env := NewCartPole()
	env.Reset(1)
	balanced := 0.0
	for last := false; !last; {
		action := 0
		if s := env.State(); s.Angle+s.AngularVelocity > 0 { // push to where the pole falls
			action = 1
		}
		var reward float64
		reward, _, last = env.Step(action)
		balanced += reward
	}
	fmt.Printf("%.0f of %d steps\n", balanced, CartPoleSteps)
	// Output: 500 of 500 steps
}

func ExampleNewMountainCar() {
	env := NewMountainCar()
	env.Start(MountainCarState{Position: -0.5})
	steps := 0
	for last := false; !last; steps++ {
		action := 0
		if env.State().Velocity >= 0 { // push the way it goes
			action = 2
		}
		_, _, last = env.Step(action)
	}
	fmt.Println("at the goal after", steps, "steps")
	// Output: at the goal after 124 steps
}
