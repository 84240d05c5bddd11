package supervised

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// lgbFields are the lines name=value of a section of a LightGBM text, in the file's own bytes.
type lgbFields map[string][]byte

// lgbReader takes a LightGBM text apart, line by line.
type lgbReader struct {
	rest []byte
	line int // number of the line read last, from 1
}

func (r *lgbReader) next() (line []byte, ok bool) {
	if len(r.rest) == 0 {
		return nil, false
	}
	line, r.rest, _ = bytes.Cut(r.rest, []byte("\n"))
	r.line++
	return bytes.TrimRight(line, "\r"), true
}

// section reads the fields up to a line that ends says is the last. A line without = is a field that is
// there and empty. No more than 64 different names are kept: a model has about 20.
func (r *lgbReader) section(ends func(line []byte) bool) (f lgbFields, last []byte, err error) {
	f = lgbFields{}
	for {
		line, ok := r.next()
		if !ok {
			return f, nil, nil
		}
		if ends(line) {
			return f, line, nil
		}
		if len(line) == 0 {
			continue
		}
		name, value, _ := bytes.Cut(line, []byte("="))
		if _, twice := f[string(name)]; twice || len(f) == 64 {
			return nil, nil, fmt.Errorf("%w: line %d gives %.40q twice, or is one of too many", ErrModel, r.line, name)
		}
		f[string(name)] = value
	}
}

// whole returns a field that is a whole number from 0 to most; absent, it is otherwise.
func (f lgbFields) whole(name string, most, otherwise int) (int, error) {
	text, ok := f[name]
	if !ok && otherwise >= 0 {
		return otherwise, nil
	}
	v, err := strconv.Atoi(string(text))
	if err != nil || v < 0 || v > most {
		return 0, fmt.Errorf("%w: %s is %.40q", ErrModel, name, text)
	}
	return v, nil
}

// lgbObjective is what an objective says of the raw scores.
type lgbObjective struct {
	classes int     // 0: a number
	logLink bool    // a score is the logarithm of the answer
	scale   float64 // a score times this is the log-odds
}

func lgbObjectiveOf(text string, classes int) (lgbObjective, error) {
	o := lgbObjective{scale: 1}
	name, params, _ := strings.Cut(text, " ")
	refused := fmt.Errorf("%w: a LightGBM model of %d classes with the objective %q", ErrUnsupported, classes, text)
	switch name {
	case "multiclass", "softmax":
		o.classes = classes
		if classes < 2 || params != fmt.Sprintf("num_class:%d", classes) {
			return o, refused
		}
		return o, nil
	case "binary":
		o.classes = 2
		sigma, ok := strings.CutPrefix(params, "sigmoid:")
		v, err := strconv.ParseFloat(sigma, 64)
		if !ok || err != nil || !(v > 0) || notFinite(v) {
			return o, refused
		}
		o.scale = v
	case "cross_entropy", "xentropy":
		o.classes = 2
		if params != "" {
			return o, refused
		}
	case "poisson", "gamma", "tweedie":
		o.logLink = true
	case "", "regression", "regression_l2", "l2", "regression_l1", "l1", "huber", "fair", "quantile", "mape", "lambdarank", "rank_xendcg":
		if strings.Contains(params, "sqrt") {
			return o, refused
		}
	default:
		return o, refused
	}
	if classes != 1 {
		return o, refused
	}
	return o, nil
}

// ReadLightGBM reads a model that LightGBM saved as text in its format v3 or v4 (save_model), up to the end
// of r. It returns a *BoostedClassifier for the objectives binary, cross_entropy and multiclass, with the
// classes "0", "1", …, and a *BoostedRegressor for regression and its kin, poisson, gamma, tweedie, the
// ranking objectives and a model without one. Thresholds are float64 and compared by ≤; default_left and
// the three kinds of missing values (none: NaN is 0; zero: NaN and what is within 1e-35 of 0; NaN) are
// read split by split. Scores are those of LightGBM, for binary times its parameter sigmoid; the trees of
// a random forest (average_output) are averaged.
//
// A categorical column is given by its codes, and has them as its levels ("0", "1", …); a level that a
// table library named stands for its place in pandas_categorical. What is not a known code goes right,
// as it does there.
//
// Linear trees, multiclassova, the option reg_sqrt and other objectives are refused with ErrUnsupported,
// damaged files with ErrModel, saying which tree and node. Memory is at most in proportion to what r
// delivers.
func ReadLightGBM(r io.Reader) (Model, error) {
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("supervised: reading a LightGBM model: %w", err)
	}
	m, err := decodeLightGBM(text)
	if err != nil {
		return nil, fmt.Errorf("supervised: reading a LightGBM model: %w", err)
	}
	return m, nil
}

func decodeLightGBM(text []byte) (Model, error) {
	reader := &lgbReader{rest: text}
	if first, _ := reader.next(); string(first) != "tree" {
		return nil, fmt.Errorf("%w: the first line is %.40q, not \"tree\"", ErrModel, first)
	}
	ends := func(line []byte) bool {
		return bytes.HasPrefix(line, []byte("Tree=")) || string(line) == "end of trees"
	}
	head, last, err := reader.section(ends)
	if err != nil {
		return nil, err
	}
	if v := string(head["version"]); v != "v3" && v != "v4" {
		return nil, fmt.Errorf("%w: LightGBM's text format %.40q, only v3 and v4 are known", ErrUnsupported, v)
	}
	groups, err := head.whole("num_tree_per_iteration", math.MaxInt32, -1)
	if err != nil {
		return nil, err
	}
	columns, err := head.whole("max_feature_idx", math.MaxInt32-1, -1)
	if err != nil {
		return nil, err
	}
	objective, err := lgbObjectiveOf(string(head["objective"]), groups)
	if err != nil {
		return nil, err
	}
	outputs := groups
	if groups == 2 {
		outputs = 1 // the difference of two scores is the log-odds of class 1
	}
	in, err := newImporter(len(text), columns+1, outputs, 1)
	if err != nil {
		return nil, err
	}
	if err := in.lgbCategories(string(head["feature_infos"])); err != nil {
		return nil, err
	}
	trees := 0
	for ; bytes.HasPrefix(last, []byte("Tree=")); trees++ {
		if string(last) != "Tree="+strconv.Itoa(trees) {
			return nil, fmt.Errorf("%w: line %d is %.40q where tree %d should begin", ErrModel, reader.line, last, trees)
		}
		var fields lgbFields
		if fields, last, err = reader.section(ends); err != nil {
			return nil, err
		}
		scale := objective.scale
		if groups == 2 && trees%2 == 0 {
			scale = -scale
		}
		if err := in.addLGBTree(trees, fields, scale); err != nil {
			return nil, err
		}
	}
	if last == nil {
		return nil, fmt.Errorf("%w: it ends after line %d, before \"end of trees\"", ErrModel, reader.line)
	}
	if trees%groups != 0 {
		return nil, fmt.Errorf("%w: %d trees for %d classes", ErrModel, trees, groups)
	}
	if _, ok := head["average_output"]; ok {
		for i := range in.leaves {
			in.leaves[i] /= float64(trees / groups)
		}
	}
	return in.boosted(strings.Fields(string(head["feature_names"])), "Column_", objective.classes, objective.logLink)
}

// lgbCategories reads which columns are categorical, and their codes: those whose info is codes with colons
// between them, where that of a number is [lowest:highest] and that of an unused column "none".
func (in *treeImport) lgbCategories(text string) error {
	infos := strings.Fields(text)
	if len(infos) > 0 && len(infos) != in.columns {
		return fmt.Errorf("%w: %d feature_infos for %d feature columns", ErrModel, len(infos), in.columns)
	}
	for j, info := range infos {
		if info == "none" || strings.HasPrefix(info, "[") {
			continue
		}
		in.levels[j] = 1
		for code := range strings.SplitSeq(info, ":") {
			c, err := strconv.Atoi(code)
			if err != nil || c >= math.MaxInt32 {
				return fmt.Errorf("%w: the categories of feature column %d are %.40q", ErrModel, j, info)
			}
			in.levels[j] = max(in.levels[j], c+1) // −1 stands for a missing value
		}
	}
	return nil
}
