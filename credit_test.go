package lepton_test

import (
	"math"
	"testing"
	"time"

	"github.com/leptonsched/lepton"
	"github.com/stretchr/testify/assert"
)

func TestDiscount(t *testing.T) {
	tests := []struct {
		name    string
		credit  lepton.CreditOptions
		elapsed time.Duration
		want    float64
	}{
		{"zero value: each decision by itself", lepton.CreditOptions{}, time.Hour, 0},
		{"per decision, whatever its duration", lepton.CreditOptions{Gamma: 0.9}, time.Hour, 0.9},
		{"per decision, no time passed", lepton.CreditOptions{Gamma: 0.9}, 0, 0.9},
		{"one unit", lepton.CreditOptions{Gamma: 0.5, Unit: time.Minute}, time.Minute, 0.5},
		{"three units", lepton.CreditOptions{Gamma: 0.5, Unit: time.Minute}, 3 * time.Minute, 0.125},
		{"half a unit", lepton.CreditOptions{Gamma: 0.25, Unit: time.Minute}, 30 * time.Second, 0.5},
		{"the same instant", lepton.CreditOptions{Gamma: 0.5, Unit: time.Minute}, 0, 1},
		{"the clock went back", lepton.CreditOptions{Gamma: 0.5, Unit: time.Minute}, -time.Minute, 1},
		{"undiscounted", lepton.CreditOptions{Gamma: 1, Unit: time.Minute}, math.MaxInt64, 1},
		{"gamma 0 with a unit", lepton.CreditOptions{Unit: time.Minute}, time.Second, 0},
		{"gamma 0, the same instant", lepton.CreditOptions{Unit: time.Minute}, 0, 0},
		{"underflow", lepton.CreditOptions{Gamma: 0.5, Unit: 1}, time.Hour, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			assert.NoError(t, test.credit.Validate())
			assert.InDelta(t, test.want, test.credit.Discount(test.elapsed), 1e-15)
		})
	}
}

func TestCreditValidateReportsEveryFault(t *testing.T) {
	assert.NoError(t, lepton.CreditOptions{}.Validate())
	assert.NoError(t, lepton.CreditOptions{Gamma: 1, Unit: time.Second}.Validate())
	for _, gamma := range []float64{-0.1, 1.1, math.Inf(1), math.NaN()} {
		assert.Error(t, lepton.CreditOptions{Gamma: gamma}.Validate(), "%v", gamma)
	}
	assert.EqualError(t, lepton.CreditOptions{Gamma: 2, Unit: -1}.Validate(),
		"lepton: CreditOptions.Gamma is 2, want 0 to 1\nlepton: CreditOptions.Unit is -1ns, want 0 or more")
}

func TestPhi(t *testing.T) {
	var obs lepton.Observation
	obs.SetState([]float64{3})
	assert.Zero(t, lepton.CreditOptions{}.Phi(&obs))
	for name, test := range map[string]struct{ phi, want float64 }{
		"finite": {-2, -2}, "NaN": {math.NaN(), 0}, "infinite": {math.Inf(1), 0}, "minus infinite": {math.Inf(-1), 0},
	} {
		t.Run(name, func(t *testing.T) {
			credit := lepton.CreditOptions{Potential: func(o *lepton.Observation) float64 { return test.phi * o.State()[0] / 3 }}
			assert.Equal(t, test.want, credit.Phi(&obs))
		})
	}
}
