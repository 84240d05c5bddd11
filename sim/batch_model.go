package sim

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/codec"
	"github.com/leptonsched/lepton/policy"
	"github.com/leptonsched/lepton/supervised"
)

// ErrBatchModel is returned for a file that holds no model of a batch queue, or one that does not fit.
var ErrBatchModel = errors.New("sim: not a batch model")

const kindBatchModel = "lepton.batch.1"

// BatchModel is what was learned of a batch queue: a policy over the observations of BatchEncoder and
// BatchActions, and the run-time predictor that it was trained with. Immutable; safe for concurrent use.
type BatchModel struct {
	Policy    lepton.Policy   // policy.Decode must be able to read it back
	Predictor *BatchPredictor // nil: run times are taken as requested
}

// batchModelSpec is what a model's policy sees.
func batchModelSpec() lepton.Spec { return lepton.SpecOf(BatchEncoder(), BatchActions(0)) }

// Options returns o with the model's predictions.
func (m BatchModel) Options(o BatchOptions) BatchOptions {
	if m.Predictor != nil {
		o.Predict = m.Predictor.Predict
	}
	return o
}

// Run lets the model make all decisions left in b, whose options must be those that Options returned.
func (m BatchModel) Run(b *Batch) (BatchResult, error) {
	return b.RunPolicy(m.Policy, BatchEncoder(), BatchActions(0))
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
	spec := batchModelSpec()
	made := spec
	made.StateNames, made.ActionNames = in.Strings(), in.Strings()
	made.StateDim, made.ActionDim = len(made.StateNames), len(made.ActionNames)
	policyKind, policyBlob, predictorBlob := in.String(), in.Blob(), in.Blob()
	if err := in.Close(); err != nil {
		return m, err
	}
	if err := spec.Check("the batch queue", made); err != nil {
		return m, err
	}
	if m.Policy, err = policy.Decode(policyKind, bytes.NewReader(policyBlob)); err != nil {
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
