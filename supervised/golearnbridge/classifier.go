package golearnbridge

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/sjwhitworth/golearn/base"

	"github.com/leptonsched/lepton/supervised"
)

// ErrNotFitted is what a Classifier answers before Fit or Load.
var ErrNotFitted = errors.New("golearnbridge: the classifier has not been fitted")

// modelKey is where a model lies in a file of golearn's.
const modelKey = "LEPTON_MODEL"

// Classifier is a fit of this library as a base.Classifier of golearn's, for its evaluation and its
// ensembles. Its files are golearn's archives with a model of supervised inside. Not safe for concurrent
// use while Fit or Load runs.
type Classifier struct {
	name  string
	fit   func(*supervised.Dataset) (supervised.Classifier, error)
	model supervised.Classifier
}

var _ base.Classifier = (*Classifier)(nil)

// NewClassifier makes a classifier of fit, a method such as supervised.RandomForest{}.FitClassifier.
// The name is what String returns and what golearn writes into the metadata of files.
func NewClassifier[M supervised.Classifier](name string, fit func(*supervised.Dataset) (M, error)) *Classifier {
	return &Classifier{name: name, fit: func(d *supervised.Dataset) (supervised.Classifier, error) { return fit(d) }}
}

// Fit fits the model to the grid: see FromGrid for what it must hold. The class attribute must be
// categorical or binary.
func (c *Classifier) Fit(g base.FixedDataGrid) error {
	d, err := FromGrid(g)
	if err != nil {
		return err
	}
	m, err := c.fit(d)
	if err != nil {
		return err
	}
	c.model = m
	return nil
}

// Model returns the fitted model, nil before Fit or Load.
func (c *Classifier) Model() supervised.Classifier { return c.model }

// Predict returns a grid with the grid's class attribute alone, filled with the most probable class of
// each row, the first of equals. Columns are found by name, categories by their text; one that the
// model does not know is missing to it. The class attribute must know the model's classes: ErrGrid.
func (c *Classifier) Predict(g base.FixedDataGrid) (out base.FixedDataGrid, err error) {
	defer contain(&err)
	if c.model == nil {
		return nil, ErrNotFitted
	}
	schema := c.model.Schema()
	columns, n, err := modelColumns(g, schema)
	if err != nil {
		return nil, err
	}
	classes := g.AllClassAttributes()
	if len(classes) != 1 {
		return nil, fmt.Errorf("%w: %d class attributes", ErrGrid, len(classes))
	}
	values, err := classValues(classes[0], schema)
	if err != nil {
		return nil, err
	}
	filled := base.GeneratePredictionVector(g)
	spec, err := filled.GetAttribute(classes[0])
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrGrid, err)
	}
	x, proba := make([]float64, len(columns)), make([]float64, len(values))
	for i := range n {
		for j, column := range columns {
			x[j] = column[i]
		}
		if err := c.model.PredictProba(proba, x); err != nil {
			return nil, err
		}
		best := 0
		for k, p := range proba {
			if p > proba[best] {
				best = k
			}
		}
		filled.Set(spec, i, values[best])
	}
	return filled, nil
}

// modelColumns reads the columns of a model from a grid, in the model's codes.
func modelColumns(g base.FixedDataGrid, schema supervised.Schema) (columns [][]float64, rows int, err error) {
	byName := make(map[string]base.Attribute)
	for _, a := range features(g, g.AllClassAttributes()) {
		byName[a.GetName()] = a
	}
	for _, want := range schema.Columns {
		a := byName[want.Name]
		if a == nil {
			return nil, 0, fmt.Errorf("%w: %w: %q", ErrGrid, supervised.ErrNoSuchColumn, want.Name)
		}
		got, values, err := read(g, a)
		if err != nil {
			return nil, 0, err
		}
		if got.Kind != want.Kind {
			return nil, 0, fmt.Errorf("%w: %q is categorical on one side and numeric on the other", ErrGrid, want.Name)
		}
		if want.Kind == supervised.Categorical {
			recode(values, got, want)
		}
		columns = append(columns, values)
	}
	_, rows = g.Size()
	return columns, rows, nil
}

// recode turns the codes of one column into those of another by their text.
func recode(values []float64, from, to supervised.Column) {
	codes := make([]float64, len(from.Levels))
	for k, level := range from.Levels {
		codes[k] = to.Code(level)
	}
	for i, v := range values {
		if v >= 0 && int(v) < len(codes) {
			values[i] = codes[int(v)]
		}
	}
}

// classValues returns what stands for each class of the model in the attribute.
func classValues(a base.Attribute, schema supervised.Schema) ([][]byte, error) {
	values := make([][]byte, len(schema.Classes))
	for k, class := range schema.Classes {
		switch a := a.(type) {
		case *base.CategoricalAttribute:
			values[k] = a.GetSysVal(class)
		case *base.BinaryAttribute:
			if class == "0" || class == "1" {
				values[k] = a.GetSysValFromString(class)
			}
		}
		if values[k] == nil {
			return nil, fmt.Errorf("%w: attribute %q cannot hold class %q", ErrGrid, a.GetName(), class)
		}
	}
	return values, nil
}

// String returns the name given to NewClassifier.
func (c *Classifier) String() string { return c.name }

// GetMetadata describes the classifier in a file of golearn's.
func (c *Classifier) GetMetadata() base.ClassifierMetadataV1 {
	return base.ClassifierMetadataV1{FormatVersion: 1, ClassifierName: c.name, ClassifierVersion: "1.0"}
}

// Save writes an archive of golearn's to the named file. The model must have WriteTo, as those of
// supervised do.
func (c *Classifier) Save(path string) error {
	w, err := base.CreateSerializedClassifierStub(path, c.GetMetadata())
	if err != nil {
		return err
	}
	return errors.Join(c.SaveWithPrefix(w, ""), w.Close())
}

// SaveWithPrefix writes the model as part of an ensemble.
func (c *Classifier) SaveWithPrefix(w *base.ClassifierSerializer, prefix string) error {
	if c.model == nil {
		return ErrNotFitted
	}
	m, ok := c.model.(io.WriterTo)
	if !ok {
		return fmt.Errorf("golearnbridge: a %T cannot be saved", c.model)
	}
	var b bytes.Buffer
	if _, err := m.WriteTo(&b); err != nil {
		return err
	}
	return w.WriteBytesForKey(w.Prefix(prefix, modelKey), b.Bytes())
}

// Load reads what Save wrote.
func (c *Classifier) Load(path string) (err error) {
	defer contain(&err)
	r, err := base.ReadSerializedClassifierStub(path)
	if err != nil {
		return err
	}
	defer r.Close()
	return c.LoadWithPrefix(r, "")
}

// LoadWithPrefix reads what SaveWithPrefix wrote.
func (c *Classifier) LoadWithPrefix(r *base.ClassifierDeserializer, prefix string) error {
	b, err := r.GetBytesForKey(r.Prefix(prefix, modelKey))
	if err != nil {
		return err
	}
	m, err := supervised.ReadModel(bytes.NewReader(b))
	if err != nil {
		return err
	}
	classifier, ok := m.(supervised.Classifier)
	if !ok {
		return fmt.Errorf("%w: a %T is no classifier", supervised.ErrModel, m)
	}
	c.model = classifier
	return nil
}
