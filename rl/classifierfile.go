package rl

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/leptonsched/lepton/internal/codec"
	"github.com/leptonsched/lepton/supervised"
)

// Kind implements lepton.Saver.
func (m *ClassifierModel) Kind() string { return kindClassifier }

// WriteTo implements lepton.Saver. Saving twice gives the same bytes.
func (m *ClassifierModel) WriteTo(w io.Writer) (int64, error) {
	var b codec.Writer
	b.Int(len(m.schema.Columns))
	for _, c := range m.schema.Columns {
		b.String(c.Name)
		b.Uint8(uint8(c.Kind))
		b.Strings(c.Levels)
	}
	b.String(m.schema.Target)
	b.Strings(m.schema.Classes)
	b.Int(len(m.present))
	for _, k := range m.present {
		b.Int(k)
	}
	b.Floats(m.inputs.mean)
	b.Floats(m.inputs.spread)
	m.net.form.write(&b)
	b.Floats32(m.params)
	b.Int(len(m.history))
	for _, e := range m.history {
		b.Float(e.Loss)
		b.Float(e.HeldOut)
	}
	return codec.WriteContainer(w, kindClassifier, b.Bytes())
}

// ReadClassifier reads back what ClassifierModel.WriteTo wrote, and no further. It is what policy.Decoder
// needs to read a policy that decides by such a model. Damaged data is an error that wraps ErrCorrupt.
func ReadClassifier(r io.Reader) (*ClassifierModel, error) {
	body, err := readContainer(kindClassifier, kindClassifier, r)
	if err != nil {
		return nil, err
	}
	in := codec.NewReader(body)
	m := new(ClassifierModel)
	for range in.Count(17) { // two lengths and a kind
		m.schema.Columns = append(m.schema.Columns, supervised.Column{Name: in.String(), Kind: supervised.Kind(in.Uint8()), Levels: in.Strings()})
	}
	m.schema.Target, m.schema.Classes = in.String(), in.Strings()
	for range in.Count(8) {
		m.present = append(m.present, in.Int())
	}
	mean, spread := in.Floats(), in.Floats()
	f := readForm(in)
	m.params = in.Floats32()
	for i := range in.Count(16) {
		m.history = append(m.history, ClassifierEpoch{i + 1, in.Float(), in.Float()})
	}
	err = in.Close()
	if err == nil {
		err = m.complete(mean, spread, f)
	}
	if err != nil {
		return nil, fmt.Errorf("rl: reading %q: %w", kindClassifier, err)
	}
	return m, nil
}

// complete adds what follows from what was read, and checks all.
func (m *ClassifierModel) complete(mean, spread []float64, f form) error {
	if err := validSchema(m.schema); err != nil {
		return fmt.Errorf("%w: %v", ErrCorrupt, err)
	}
	m.inputs = newTableInputs(m.schema.Columns)
	m.inputs.mean, m.inputs.spread = mean, spread
	n := len(m.present)
	if n < 2 || m.present[0] < 0 || m.present[n-1] >= len(m.schema.Classes) || !ascending(m.present) {
		return fmt.Errorf("%w: present classes %v of %d", ErrCorrupt, m.present, len(m.schema.Classes))
	}
	if slots := m.inputs.slots(); len(mean) != slots || len(spread) != slots {
		return fmt.Errorf("%w: %d means and %d spreads for %d inputs", ErrCorrupt, len(mean), len(spread), slots)
	}
	if f.context || f.dueling {
		return fmt.Errorf("%w: a network of another form", ErrCorrupt)
	}
	var err error
	if m.net, err = classifierNetwork(m.inputs.slots(), n, f); err != nil {
		return err
	}
	if len(m.params) != m.net.net.Params() {
		return fmt.Errorf("%w: %d parameters, want %d", ErrCorrupt, len(m.params), m.net.net.Params())
	}
	if err := errors.Join(m.inputs.validate(), m.validate()); err != nil {
		return fmt.Errorf("%w: %v", ErrCorrupt, err)
	}
	return nil
}

// validSchema reports what package supervised finds wrong with s, by a table of one row.
func validSchema(s supervised.Schema) error {
	if s.Target == "" || len(s.Classes) == 0 {
		return fmt.Errorf("%w: no target or no classes", supervised.ErrColumns)
	}
	row := make([]float64, len(s.Columns))
	_, err := supervised.NewDataset(supervised.Data{
		Columns: s.Columns, Rows: [][]float64{row}, TargetName: s.Target, Target: []float64{0}, Classes: s.Classes,
	})
	return err
}

func ascending(x []int) bool {
	return slices.IsSorted(x) && len(slices.Compact(slices.Clone(x))) == len(x)
}

// validate makes sure that no row whatever can be answered with a number that is not finite.
func (m *ClassifierModel) validate() error {
	reach := farthest // nothing that the layer reads is larger
	m.net.layers(func(from, split, to int) {
		most, out := 0.0, to-split
		for o := range out {
			sum := math.Abs(float64(m.params[split+o]))
			for i := from + o; i < split; i += out {
				sum += reach * math.Abs(float64(m.params[i]))
			}
			most = max(most, sum) // a NaN stays
		}
		reach = most
	})
	if !(reach < math.MaxFloat32/2) {
		return fmt.Errorf("%w: the network's weights are too large", ErrNotFinite)
	}
	return nil
}
