package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/sim"
)

func modelInfo() command {
	return command{
		name:     "model info",
		synopsis: "FILE",
		summary:  "what is in a model: kind, features, weights of a linear policy",
		example:  "lepton model info site.lepton",
		operands: 1,
		manual: `
Reads a model of a batch queue, as saved by lepton batch learn or
examples/batch, and tells the kind of its policy, whether it foretells run times
and how well, and the features that it sees. Of a policy that is linear in the
features of a job it shows the weights: a positive one sends jobs with more of
the feature ahead. Features of the state are shared by all jobs of a decision
and cannot change the order.

Exit status: 0 when done, 2 for a model that cannot be read.`,
		declare: func(*flag.FlagSet) action {
			return func(_ context.Context, std streams, files []string) error {
				model, err := openModel(files[0])
				if err != nil {
					return err
				}
				_, err = io.WriteString(std.out, describeModel(model))
				return err
			}
		},
	}
}

func openModel(path string) (sim.BatchModel, error) {
	f, err := os.Open(path)
	if err != nil {
		return sim.BatchModel{}, err
	}
	defer f.Close()
	model, err := sim.ReadBatchModel(bufio.NewReader(f))
	if err != nil {
		return model, fmt.Errorf("model %s: %w", path, err)
	}
	return model, nil
}

func describeModel(m sim.BatchModel) string {
	var out strings.Builder
	kind := "unknown"
	if s, ok := m.Policy.(lepton.Saver); ok {
		kind = s.Kind()
	}
	fmt.Fprintf(&out, "policy     %s\n", kind)
	spec := lepton.SpecOf(sim.BatchEncoder(), sim.BatchActions(0))
	switch {
	case m.Foresees():
		out.WriteString("run times  learned from the jobs that have ended\n")
		encoder, actions, err := m.Observes(sim.BackfillNone)
		if err == nil {
			spec = lepton.SpecOf(encoder, actions)
		}
	case m.Predictor == nil:
		out.WriteString("run times  as requested\n")
	default:
		scores := m.Predictor.OutOfBag()
		fmt.Fprintf(&out, "run times  foretold by a random forest; on jobs that each tree did not see, off by %.2f (mean absolute error of the logarithm, %d jobs)\n",
			scores.MAE, scores.Rows)
	}
	fmt.Fprintf(&out, "state      %s\n", strings.Join(spec.StateNames, ", "))
	weights, ok := linearWeights(m.Policy, spec)
	if !ok {
		fmt.Fprintf(&out, "job        %s\n\nThe policy is not linear in them.\n", strings.Join(spec.ActionNames, ", "))
		return out.String()
	}
	out.WriteString("\nweight of a job's feature (more of it goes ahead if positive)\n")
	for i, name := range spec.ActionNames {
		fmt.Fprintf(&out, "%12.4f  %s\n", weights[i], name)
	}
	return out.String()
}
