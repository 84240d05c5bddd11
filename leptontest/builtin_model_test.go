package leptontest_test

import (
	"math/rand/v2"
	"testing"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/leptontest"
	"github.com/leptonsched/lepton/policy"
	"github.com/leptonsched/lepton/supervised"
	"github.com/stretchr/testify/require"
)

// Fitted models as policies. A forest is flat between its splits, so its scores tie.
func TestModelsAsPolicies(t *testing.T) {
	spec := lepton.Spec{StateDim: 1, ActionDim: 2}
	draw := rand.New(rand.NewPCG(1, 2))
	d := supervised.Data{Columns: []supervised.Column{{Name: "load"}, {Name: "free"}, {Name: "age"}}}
	for range 200 {
		row := []float64{draw.NormFloat64(), draw.NormFloat64(), draw.NormFloat64()}
		d.Rows = append(d.Rows, row)
		d.Target = append(d.Target, row[0]+2*row[1]-row[2])
	}
	data, err := supervised.NewDataset(d)
	require.NoError(t, err)
	forest, err := supervised.RandomForest{Trees: 10, Seed: 1}.FitRegressor(data)
	require.NoError(t, err)
	linear, err := supervised.LinearRegression{}.Fit(data)
	require.NoError(t, err)
	for name, model := range map[string]policy.Model{"forest": forest, "linear": linear} {
		t.Run(name, func(t *testing.T) {
			scorer, err := policy.FromModel(model, spec)
			require.NoError(t, err)
			soft, err := policy.Softmax(scorer, 1)
			require.NoError(t, err)
			leptontest.Policy(t, soft, spec, leptontest.PolicyOptions{NoAllocs: true})
			leptontest.Policy(t, policy.Greedy(scorer), spec, leptontest.PolicyOptions{NoAllocs: true, Ties: true})
		})
	}
}
