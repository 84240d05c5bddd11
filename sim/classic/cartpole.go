package classic

import (
	"math"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/rng"
)

// The constants of Barto, Sutton & Anderson 1983, without their friction, as CartPole-v1 has them.
const (
	gravity     = 9.8                 // m/s²
	massPole    = 0.1                 // kg
	massTotal   = 1.1                 // kg, with the cart
	halfLength  = 0.5                 // m, of the pole
	momentArm   = 0.05                // massPole·halfLength
	force       = 10.0                // N, to the left or right
	tau         = 0.02                // s a step
	trackLimit  = 2.4                 // m from the middle
	poleLimit   = 0.20943951023931953 // 12·2·π/360 as float64 arithmetic has it, one unit below the exact constant
	startSpread = 0.05                // each number of a start is uniform in ± this
)

// CartPoleSteps is the number of steps after which an episode of CartPole is cut off.
const CartPoleSteps = 500

// CartPole balances a pole on a cart that is pushed left (action 0) or right (action 1): the problem of
// Barto, Sutton & Anderson 1983 with the dynamics of Gymnasium's CartPole-v1. It is a lepton.Environment;
// one goroutine at a time.
//
// Every step earns 1, the one in which the pole falls too. An episode ends when the pole leans beyond 12
// degrees or the cart leaves ±2.4, and is cut off after CartPoleSteps.
type CartPole struct {
	state CartPoleState
	steps int
	ended bool
}

// CartPoleState is the state of a CartPole, in metres, radians and seconds; 0 is the middle of the track and
// a pole upright, right is positive.
type CartPoleState struct {
	Position, Velocity     float64 // of the cart
	Angle, AngularVelocity float64 // of the pole
}

// NewCartPole returns a cart-pole at the beginning of the episode with seed 0.
func NewCartPole() *CartPole {
	e := new(CartPole)
	e.Reset(0)
	return e
}

// Spec implements lepton.Environment.
func (e *CartPole) Spec() lepton.Spec {
	return lepton.Spec{StateDim: 4, Actions: 2, StateNames: []string{"position", "velocity", "angle", "angular_velocity"}}
}

// Reset implements lepton.Environment: all four numbers of the state are uniform in ±0.05.
func (e *CartPole) Reset(seed uint64) {
	start := func(i uint64) float64 { return startSpread * (2*rng.Uniform(rng.Mix(seed, i)) - 1) }
	e.Start(CartPoleState{start(0), start(1), start(2), start(3)})
}

// Start begins an episode in state s. In a state beyond the limits it has ended already.
func (e *CartPole) Start(s CartPoleState) { *e = CartPole{state: s, ended: !s.standing()} }

// State returns the state that the cart-pole is in.
func (e *CartPole) State() CartPoleState { return e.state }

// Observe implements lepton.Environment.
func (e *CartPole) Observe(obs *lepton.Observation) {
	s := e.state
	show(obs, 2, s.Position, s.Velocity, s.Angle, s.AngularVelocity)
}

// Step implements lepton.Environment.
func (e *CartPole) Step(action int) (reward, discount float64, last bool) {
	if e.ended || action < 0 || action > 1 {
		return math.NaN(), 0, true
	}
	e.state = e.state.pushed(float64(2*action-1) * force)
	e.steps++
	if !e.state.standing() {
		e.ended = true
		return 1, 0, true
	}
	e.ended = e.steps == CartPoleSteps
	return 1, 1, e.ended
}

// standing is false for NaN too.
func (s CartPoleState) standing() bool {
	return math.Abs(s.Position) <= trackLimit && math.Abs(s.Angle) <= poleLimit
}

// pushed returns the state after the force has acted for tau seconds (Euler's method; Florian 2007,
// "Correct equations for the dynamics of the cart-pole system", eqs. 23 and 24 without friction):
//
//	θ̈ = (g·sin θ − cos θ·(F + m·l·θ̇²·sin θ)/M) / (l·(4/3 − m·cos² θ/M))
//	ẍ = (F + m·l·(θ̇²·sin θ − θ̈·cos θ))/M
func (s CartPoleState) pushed(force float64) CartPoleState {
	sin, cos := math.Sin(s.Angle), math.Cos(s.Angle)
	push := (force + momentArm*s.AngularVelocity*s.AngularVelocity*sin) / massTotal
	angular := (gravity*sin - cos*push) / (halfLength * (4.0/3 - massPole*cos*cos/massTotal))
	linear := push - momentArm*angular*cos/massTotal
	return CartPoleState{
		Position:        s.Position + tau*s.Velocity,
		Velocity:        s.Velocity + tau*linear,
		Angle:           s.Angle + tau*s.AngularVelocity,
		AngularVelocity: s.AngularVelocity + tau*angular,
	}
}

// show fills obs with the state and n actions.
func show(obs *lepton.Observation, n uint64, state ...float64) {
	obs.Reset(0, 0)
	obs.SetState(state)
	for a := range n {
		obs.Actions().Add(a, true)
	}
}
