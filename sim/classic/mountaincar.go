package classic

import (
	"math"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/rng"
)

// MountainCarSteps is the number of steps after which an episode of MountainCar is cut off.
const MountainCarSteps = 200

// MountainCar drives a car that is too weak for the hill in front of it: pushed left (action 0), not at all
// (1) or right (2), it must first swing away from the goal. The problem of Moore 1990 with the dynamics of
// Sutton & Barto (2018, example 10.1) and Gymnasium's MountainCar-v0. It is a lepton.Environment; one
// goroutine at a time.
//
// Every step earns −1. An episode ends when the car is at 0.5 or beyond, and is cut off after
// MountainCarSteps.
type MountainCar struct {
	state MountainCarState
	steps int
	ended bool
}

// MountainCarState is the state of a MountainCar.
type MountainCarState struct {
	Position float64 // from −1.2, the wall, to 0.6; the valley is at −π/6
	Velocity float64 // change of Position a step, from −0.07 to 0.07
}

// NewMountainCar returns a mountain car at the beginning of the episode with seed 0.
func NewMountainCar() *MountainCar {
	e := new(MountainCar)
	e.Reset(0)
	return e
}

// Spec implements lepton.Environment.
func (e *MountainCar) Spec() lepton.Spec {
	return lepton.Spec{StateDim: 2, Actions: 3, StateNames: []string{"position", "velocity"}}
}

// Reset implements lepton.Environment: the car rests at a place uniform in [−0.6, −0.4).
func (e *MountainCar) Reset(seed uint64) {
	e.Start(MountainCarState{Position: -0.6 + 0.2*rng.Uniform(rng.Mix(seed, 0))})
}

// Start begins an episode in state s. In a state at the goal it has ended already.
func (e *MountainCar) Start(s MountainCarState) { *e = MountainCar{state: s, ended: s.arrived()} }

// State returns the state that the car is in.
func (e *MountainCar) State() MountainCarState { return e.state }

// Observe implements lepton.Environment.
func (e *MountainCar) Observe(obs *lepton.Observation) {
	show(obs, 3, e.state.Position, e.state.Velocity)
}

// Step implements lepton.Environment.
func (e *MountainCar) Step(action int) (reward, discount float64, last bool) {
	if e.ended || action < 0 || action > 2 {
		return math.NaN(), 0, true
	}
	e.state = e.state.driven(float64(action - 1))
	e.steps++
	if e.state.arrived() {
		e.ended = true
		return -1, 0, true
	}
	e.ended = e.steps == MountainCarSteps
	return -1, 1, e.ended
}

func (s MountainCarState) arrived() bool { return s.Position >= 0.5 && s.Velocity >= 0 }

// driven returns the state after one step: v ← v + 0.001·a − 0.0025·cos 3x, then x ← x + v, both held
// within their bounds; the wall on the left stops the car.
func (s MountainCarState) driven(a float64) MountainCarState {
	s.Velocity += 0.001*a - 0.0025*math.Cos(3*s.Position)
	s.Velocity = min(max(s.Velocity, -0.07), 0.07)
	s.Position = min(max(s.Position+s.Velocity, -1.2), 0.6)
	if s.Position == -1.2 && s.Velocity < 0 {
		s.Velocity = 0
	}
	return s
}
