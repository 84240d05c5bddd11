package rl

import "github.com/leptonsched/lepton/internal/nn"

// Optimizer says how a gradient moves the parameters.
type Optimizer uint8

// The optimizers.
const (
	Adam    Optimizer = iota // adapts to each parameter's own scale (Kingma & Ba 2015)
	SGD                      // plain steps along the gradient
	RMSProp                  // divides by the root of the running mean square (Tieleman & Hinton 2012); for networks alone
)

// rule is how internal/nn calls it.
func (o Optimizer) rule() nn.Rule {
	switch o {
	case SGD:
		return nn.SGD
	case RMSProp:
		return nn.RMSProp
	}
	return nn.Adam
}
