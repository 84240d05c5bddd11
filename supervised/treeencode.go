package supervised

import (
	"io"
	"math"

	"github.com/leptonsched/lepton/internal/codec"
)

// treeFormat is the payload format of forests and boosted trees. In format 1, which only forests had,
// nodes took 24 bytes and splits were thresholds only.
const treeFormat = 2

// formatOf is the newest payload format of a kind.
func formatOf(kind string) uint32 {
	switch kind {
	case kindForestClassifier, kindForestRegressor, kindBoostedClassifier, kindBoostedRegressor, kindQuantileForest:
		return treeFormat
	}
	return payloadFormat
}

// treeModel is what decode needs of a model.
type treeModel interface {
	Model
	validate() error
}

// decodeTrees reads what follows the schema of a model made of trees.
func decodeTrees(r *codec.Reader, kind string, format uint32, schema Schema) treeModel {
	trees := func() ensemble {
		if format == 1 {
			return decodeForest1(r, &schema)
		}
		return decodeEnsemble(r)
	}
	switch kind {
	case kindForestClassifier:
		scores := ClassifierScores{Rows: r.Int(), Accuracy: r.Float(), LogLoss: r.Float(), AUC: r.Float(), Brier: r.Float()}
		return &ForestClassifier{schema: schema, outOfBag: scores, forest: trees()}
	case kindForestRegressor:
		scores := RegressorScores{Rows: r.Int(), RMSE: r.Float(), MAE: r.Float()}
		return &ForestRegressor{schema: schema, outOfBag: scores, forest: trees()}
	case kindBoostedClassifier:
		return &BoostedClassifier{schema: schema, held: r.Floats(), trees: trees()}
	case kindQuantileForest:
		return decodeQuantileForest(r, schema)
	default:
		return &BoostedRegressor{schema: schema, logLink: r.Bool(), held: r.Floats(), trees: trees()}
	}
}

// WriteTo saves the model for ReadModel. Saving twice gives the same bytes.
func (m *ForestClassifier) WriteTo(w io.Writer) (int64, error) {
	p := beginFormat(m.schema, treeFormat)
	p.Int(m.outOfBag.Rows)
	for _, v := range []float64{m.outOfBag.Accuracy, m.outOfBag.LogLoss, m.outOfBag.AUC, m.outOfBag.Brier} {
		p.Float(v)
	}
	encodeEnsemble(p, &m.forest)
	return codec.WriteContainer(w, kindForestClassifier, p.Bytes())
}

// WriteTo saves the model for ReadModel. Saving twice gives the same bytes.
func (m *ForestRegressor) WriteTo(w io.Writer) (int64, error) {
	p := beginFormat(m.schema, treeFormat)
	p.Int(m.outOfBag.Rows)
	p.Float(m.outOfBag.RMSE)
	p.Float(m.outOfBag.MAE)
	encodeEnsemble(p, &m.forest)
	return codec.WriteContainer(w, kindForestRegressor, p.Bytes())
}

// WriteTo saves the model for ReadModel. Saving twice gives the same bytes.
func (m *BoostedClassifier) WriteTo(w io.Writer) (int64, error) {
	p := beginFormat(m.schema, treeFormat)
	p.Floats(m.held)
	encodeEnsemble(p, &m.trees)
	return codec.WriteContainer(w, kindBoostedClassifier, p.Bytes())
}

// WriteTo saves the model for ReadModel. Saving twice gives the same bytes.
func (m *BoostedRegressor) WriteTo(w io.Writer) (int64, error) {
	p := beginFormat(m.schema, treeFormat)
	p.Bool(m.logLink)
	p.Floats(m.held)
	encodeEnsemble(p, &m.trees)
	return codec.WriteContainer(w, kindBoostedRegressor, p.Bytes())
}

func encodeEnsemble(p *codec.Writer, e *ensemble) {
	p.Int(e.columns)
	p.Int(e.outputs)
	p.Int(e.leafWidth)
	p.Bool(e.mean)
	p.Int(len(e.tables))
	for _, t := range e.tables {
		p.Floats(t)
	}
	p.Int(len(e.slots))
	for _, s := range e.slots {
		p.Uint32(uint32(s.column))
		p.Uint32(uint32(s.table))
		p.Uint32(uint32(s.levels))
		p.Uint8(s.flags())
		p.Float(s.missing)
	}
	p.Int(len(e.roots))
	for _, root := range e.roots {
		p.Uint32(uint32(root))
	}
	p.Int(len(e.nodes))
	for _, n := range e.nodes {
		p.Uint64(n.key)
		p.Uint32(n.slot)
		p.Uint32(uint32(n.right))
	}
	p.Uint64s(e.sets)
	p.Floats32(e.covers)
	p.Floats(e.leaves)
	p.Floats(e.base)
	p.Floats(e.gains)
	p.Floats(e.splits)
}

// flags are single and zero in one byte.
func (s *slot) flags() (b uint8) {
	if s.single {
		b |= 1
	}
	if s.zero {
		b |= 2
	}
	return b
}

func decodeEnsemble(r *codec.Reader) ensemble {
	e := ensemble{columns: r.Int(), outputs: r.Int(), leafWidth: r.Int(), mean: r.Bool()}
	for range r.Count(8) {
		e.tables = append(e.tables, r.Floats())
	}
	e.slots = make([]slot, r.Count(21))
	for i := range e.slots {
		s := slot{column: int32(r.Uint32()), table: int32(r.Uint32()), levels: int32(r.Uint32())}
		flags := r.Uint8()
		if flags > 3 {
			r.Fail("slot %d has the flags %d", i, flags)
		}
		s.single, s.zero, s.missing = flags&1 != 0, flags&2 != 0, r.Float()
		e.slots[i] = s
	}
	e.roots = make([]int32, r.Count(4))
	for i := range e.roots {
		e.roots[i] = int32(r.Uint32())
	}
	e.depths = make([]int32, len(e.roots)) // validate finds them
	e.nodes = make([]node, r.Count(16))
	for i := range e.nodes {
		e.nodes[i] = node{key: r.Uint64(), slot: r.Uint32(), right: int32(r.Uint32())}
	}
	e.sets, e.covers, e.leaves, e.base, e.gains, e.splits = r.Uint64s(), r.Floats32(), r.Floats(), r.Floats(), r.Floats(), r.Floats()
	return e
}

// decodeForest1 reads the trees of format 1. They say nothing of how many rows a node was grown on.
func decodeForest1(r *codec.Reader, schema *Schema) ensemble {
	columns, outputs := len(schema.Columns), max(len(schema.Classes), 1)
	if found := r.Int(); found != outputs {
		r.Fail("%d values in a leaf, the schema says %d", found, outputs)
	}
	e := newEnsemble(columns, outputs, outputs)
	e.mean = true
	e.roots = make([]int32, r.Count(4))
	for i := range e.roots {
		e.roots[i] = int32(r.Uint32())
	}
	e.depths = make([]int32, len(e.roots))
	e.nodes = make([]node, r.Count(8))
	e.covers = make([]float32, len(e.nodes))
	for j := range columns { // slots 2j and 2j+1: the missing values of column j go right, left
		for _, missing := range []float64{math.Inf(1), math.Inf(-1)} {
			e.slots = append(e.slots, slot{column: int32(j), table: -1, missing: missing})
		}
	}
	for i := range e.nodes {
		feature, right := r.Uint32(), r.Uint32()
		if int32(feature) < 0 {
			e.nodes[i] = node{key: uint64(right), right: int32(i)}
			continue
		}
		e.nodes[i] = node{key: orderedBits(r.Float()), slot: 2 * feature, right: int32(right)}
		if r.Bool() {
			e.nodes[i].slot++
		}
		if int(feature) >= columns {
			r.Fail("a split of column %d of %d", feature, columns)
			continue
		}
		e.splits[feature]++
	}
	e.leaves, e.gains = r.Floats(), r.Floats()
	return *e
}
