package sim

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/codec"
	"github.com/leptonsched/lepton/rl"
	"github.com/leptonsched/lepton/supervised"
)

// ErrBatchModel is returned for a file that holds no model of a batch queue, or one that does not fit.
var ErrBatchModel = errors.New("sim: not a batch model")

const kindBatchModel = "lepton.batch.1"

// BatchModel is what was learned of a batch queue: a policy over the observations of BatchEncoder and
// BatchActions, with the run-time predictor that it was trained with, or one over those of BatchForesight. Immutable; safe
// for concurrent use.
type BatchModel struct {
	Policy    lepton.Policy   // rl.DecodePolicy must be able to read it back
	Predictor *BatchPredictor // nil: run times are taken as requested, or, with foresight, learned on the way
	Seed      uint64          // of the futures that foresight imagines; not saved
}

// batchModelSpec is what the policy of a model without foresight sees.
func batchModelSpec() lepton.Spec { return lepton.SpecOf(BatchEncoder(), BatchActions(0)) }

// Foresees reports whether the policy sees a queue as BatchForesight shows it, with the options' defaults. A policy that does
// not say what it sees does not.
func (m BatchModel) Foresees() bool {
	s, ok := m.Policy.(lepton.Specced)
	return ok && s.Spec().Check("", foresightSpec()) == nil
}

// Observes returns the observations that the policy decides from, in a world with this backfilling. The error is that of
// an unknown one.
func (m BatchModel) Observes(f Backfill) (lepton.StateEncoder[*BatchState], lepton.ActionSpace[*BatchState], error) {
	if !m.Foresees() {
		return BatchEncoder(), BatchActions(0), nil
	}
	foresight, err := NewBatchForesight(BatchPlannerOptions{Backfill: f, Seed: m.Seed})
	if err != nil {
		return nil, nil, err
	}
	return foresight.StateEncoder(), foresight.ActionSpace(), nil
}

// Options returns o with the model's predictions.
func (m BatchModel) Options(o BatchOptions) BatchOptions {
	if m.Predictor != nil {
		o.Predict = m.Predictor.Predict
	}
	return o
}

// Run lets the model make all decisions left in b, whose options must be those that Options returned.
func (m BatchModel) Run(b *Batch) (BatchResult, error) {
	encoder, actions, err := m.Observes(b.opt.Backfill)
	if err != nil {
		return BatchResult{}, err
	}
	return b.RunPolicy(m.Policy, encoder, actions)
}

// WriteTo writes m; writing twice gives the same bytes. The error is ErrBatchModel if the policy is no
// lepton.Saver, or w's.
func (m BatchModel) WriteTo(w io.Writer) (int64, error) {
	saver, ok := m.Policy.(lepton.Saver)
	if !ok {
		return 0, fmt.Errorf("%w: a %T cannot be saved", ErrBatchModel, m.Policy)
	}
	var blob bytes.Buffer
	if _, err := saver.WriteTo(&blob); err != nil {
		return 0, err
	}
	var out codec.Writer
	spec := batchModelSpec()
	if m.Foresees() {
		spec = foresightSpec()
	}
	out.Strings(spec.StateNames)
	out.Strings(spec.ActionNames)
	out.String(saver.Kind())
	out.Blob(blob.Bytes())
	blob.Reset()
	if m.Predictor != nil {
		if _, err := m.Predictor.forest.WriteTo(&blob); err != nil {
			return 0, err
		}
	}
	out.Blob(blob.Bytes())
	return codec.WriteContainer(w, kindBatchModel, out.Bytes())
}

// ReadBatchModel reads what WriteTo wrote. A file of something else, a damaged one and one of a policy that
// fails are ErrBatchModel; a model made for other features is ErrBatchModel around a *lepton.SpecError.
func ReadBatchModel(r io.Reader) (BatchModel, error) {
	m, err := readBatchModel(r)
	if err != nil {
		return BatchModel{}, fmt.Errorf("%w: %w", ErrBatchModel, err)
	}
	return m, nil
}

func readBatchModel(r io.Reader) (BatchModel, error) {
	var m BatchModel
	kind, payload, _, err := codec.ReadContainer(r)
	if err != nil {
		return m, err
	}
	if kind != kindBatchModel {
		return m, fmt.Errorf("it holds %q", kind)
	}
	in := codec.NewReader(payload)
	made := lepton.Spec{StateNames: in.Strings(), ActionNames: in.Strings()}
	made.StateDim, made.ActionDim = len(made.StateNames), len(made.ActionNames)
	policyKind, policyBlob, predictorBlob := in.String(), in.Blob(), in.Blob()
	if err := in.Close(); err != nil {
		return m, err
	}
	spec := foresightSpec()
	if spec.Check("the batch queue", made) != nil {
		spec = batchModelSpec()
	}
	if err := spec.Check("the batch queue", made); err != nil {
		return m, err
	}
	if m.Policy, err = rl.DecodePolicy(policyKind, bytes.NewReader(policyBlob)); err != nil {
		return m, err
	}
	if specced, ok := m.Policy.(lepton.Specced); ok {
		if err := specced.Spec().Check("the policy", spec); err != nil {
			return m, err
		}
	}
	if len(predictorBlob) > 0 {
		model, err := supervised.ReadModel(bytes.NewReader(predictorBlob))
		if err != nil {
			return m, err
		}
		if m.Predictor, err = newBatchPredictor(model); err != nil {
			return m, err
		}
	}
	return m, nil
}
