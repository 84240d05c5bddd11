package supervised

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"
)

// xgbFile is what ReadXGBoost reads of a model file: XGBoost's "Introduction to Model IO".
type xgbFile struct {
	Learner struct {
		FeatureNames    []string `json:"feature_names"`
		FeatureTypes    []string `json:"feature_types"`
		GradientBooster struct {
			Name   string    `json:"name"`
			Model  *xgbModel `json:"model"`
			GBTree struct {
				Model *xgbModel `json:"model"`
			} `json:"gbtree"` // of a dart model
			WeightDrop []jsonNumber `json:"weight_drop"`
		} `json:"gradient_booster"`
		Param struct {
			BaseScore  json.RawMessage `json:"base_score"`
			NumClass   jsonNumber      `json:"num_class"`
			NumFeature jsonNumber      `json:"num_feature"`
			NumTarget  jsonNumber      `json:"num_target"`
		} `json:"learner_model_param"`
		Objective struct {
			Name string `json:"name"`
		} `json:"objective"`
	} `json:"learner"`
	Version []jsonNumber `json:"version"` // major, minor, patch
}

// before is whether a version older than major.minor wrote the file.
func (f *xgbFile) before(major, minor jsonNumber) bool {
	return len(f.Version) < 2 || f.Version[0] < major || f.Version[0] == major && f.Version[1] < minor
}

type xgbModel struct {
	TreeInfo []jsonNumber      `json:"tree_info"`
	Trees    []json.RawMessage `json:"trees"`
}

// xgbObjective is what an objective says of the margins, the sums of the leaves.
type xgbObjective struct {
	classes bool                    // margins are log-odds, or the scores of several classes
	several bool                    // one margin for each class
	logLink bool                    // a margin is the logarithm of the answer
	margin  func(v float64) float64 // of base_score, which is in the unit of the answer
}

func xgbObjectiveOf(name string) (xgbObjective, error) {
	same := func(v float64) float64 { return v }
	logit := func(v float64) float64 { return -math.Log(1/v - 1) }
	switch name {
	case "binary:logistic", "reg:logistic":
		return xgbObjective{classes: true, margin: logit}, nil
	case "multi:softprob", "multi:softmax":
		return xgbObjective{classes: true, several: true, margin: same}, nil
	case "count:poisson", "reg:gamma", "reg:tweedie":
		return xgbObjective{logLink: true, margin: math.Log}, nil
	case "reg:squarederror", "reg:linear", "reg:squaredlogerror", "reg:pseudohubererror", "reg:absoluteerror",
		"reg:quantileerror", "binary:logitraw", "rank:pairwise", "rank:ndcg", "rank:map":
		return xgbObjective{margin: same}, nil
	}
	return xgbObjective{}, fmt.Errorf("%w: an XGBoost model with the objective %q", ErrUnsupported, name)
}

// ReadXGBoost reads a model that XGBoost 1.x, 2.x or 3.x saved as JSON (save_model with a name ending in
// .json), up to the end of r. It returns a *BoostedClassifier for the objectives binary:logistic,
// reg:logistic, multi:softprob and multi:softmax, with the classes "0", "1", …, and a *BoostedRegressor for
// reg:squarederror and its kin, count:poisson, reg:gamma, reg:tweedie, rank:… and binary:logitraw (which
// answers with the log-odds, as there). Its answers differ from XGBoost's by the rounding of float32 only:
// values are compared as float32, and missing values, default_left, base_score, categorical splits and
// the weights of dart are read. All trees are used, whatever early stopping said was best.
//
// A categorical column is given by its codes, and has them as its levels ("0", "1", …) up to the highest
// that a split names. A code beyond them goes where XGBoost sends it; a number that is no code is
// missing. Explain weighs by sum_hessian, as XGBoost's pred_contribs does.
//
// gblinear, trees with a vector in a leaf, several targets, UBJSON and other objectives are refused with
// ErrUnsupported, damaged files with ErrModel, saying which tree and node. Memory is at most in proportion
// to what r delivers.
func ReadXGBoost(r io.Reader) (Model, error) {
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("supervised: reading an XGBoost model: %w", err)
	}
	m, err := decodeXGBoost(text)
	if err != nil {
		return nil, fmt.Errorf("supervised: reading an XGBoost model: %w", err)
	}
	return m, nil
}

func decodeXGBoost(text []byte) (Model, error) {
	if bytes.HasPrefix(text, []byte("{L")) || bytes.HasPrefix(text, []byte("binf")) {
		return nil, fmt.Errorf("%w: XGBoost's binary formats; save the model as JSON", ErrUnsupported)
	}
	plainJSON(text)
	var f xgbFile
	if err := decodeJSON("the file", text, &f); err != nil {
		return nil, err
	}
	l := &f.Learner
	model := l.GradientBooster.Model
	switch l.GradientBooster.Name {
	case "gbtree":
	case "dart":
		model = l.GradientBooster.GBTree.Model
	default:
		return nil, fmt.Errorf("%w: an XGBoost model with the booster %q", ErrUnsupported, l.GradientBooster.Name)
	}
	objective, err := xgbObjectiveOf(l.Objective.Name)
	if err != nil {
		return nil, err
	}
	if l.Objective.Name == "binary:logitraw" && f.before(1, 7) { // which took base_score for a probability
		return nil, fmt.Errorf("%w: binary:logitraw of XGBoost before 1.7", ErrUnsupported)
	}
	if model == nil || len(model.TreeInfo) != len(model.Trees) {
		return nil, fmt.Errorf("%w: no trees, or not as many as tree_info says", ErrModel)
	}
	if l.Param.NumTarget > 1 {
		return nil, fmt.Errorf("%w: an XGBoost model of %v targets", ErrUnsupported, l.Param.NumTarget)
	}
	groups := max(1, l.Param.NumClass.whole(math.MaxInt32))
	if objective.several != (groups > 1) {
		return nil, fmt.Errorf("%w: num_class is %v with the objective %q", ErrModel, l.Param.NumClass, l.Objective.Name)
	}
	outputs := groups
	if groups == 2 {
		outputs = 1 // the difference of two scores is the log-odds of class 1
	}
	in, err := newImporter(len(text), l.Param.NumFeature.whole(math.MaxInt32), outputs, 1)
	if err != nil {
		return nil, err
	}
	if err := in.xgbBase(l.Param.BaseScore, groups, objective); err != nil {
		return nil, err
	}
	if err := in.xgbTypes(l.FeatureTypes); err != nil {
		return nil, err
	}
	weights := l.GradientBooster.WeightDrop
	if l.GradientBooster.Name == "dart" && len(weights) != len(model.Trees) {
		return nil, fmt.Errorf("%w: %d numbers in weight_drop for %d trees", ErrModel, len(weights), len(model.Trees))
	}
	order, err := xgbOrder(model.TreeInfo, groups)
	if err != nil {
		return nil, err
	}
	for _, t := range order {
		scale := 1.0
		if l.GradientBooster.Name == "dart" {
			scale = weights[t].single()
		}
		if groups == 2 && model.TreeInfo[t] == 0 {
			scale = -scale
		}
		if err := in.addXGBTree(t, model.Trees[t], scale); err != nil {
			return nil, err
		}
	}
	classes := 0
	if objective.classes {
		classes = max(2, groups)
	}
	return in.boosted(l.FeatureNames, "f", classes, objective.logLink)
}

// xgbBase sets the base from base_score: a number, a number in quotes, or as many in brackets as there are
// margins, with or without quotes about them.
func (in *treeImport) xgbBase(text json.RawMessage, groups int, o xgbObjective) error {
	var values []jsonNumber
	s := strings.Trim(string(text), `"`)
	if !strings.HasPrefix(s, "[") {
		s = "[" + s + "]"
	}
	if err := decodeJSON("base_score", []byte(s), &values); err != nil {
		return err
	}
	if len(values) != 1 && len(values) != groups {
		return fmt.Errorf("%w: %d numbers in base_score for %d margins", ErrModel, len(values), groups)
	}
	margin := func(k int) float64 { return o.margin(values[min(k, len(values)-1)].single()) }
	for k := range in.base {
		in.base[k] = margin(k)
	}
	if groups == 2 {
		in.base[0] = margin(1) - margin(0)
	}
	for k, v := range in.base {
		if notFinite(v) {
			return fmt.Errorf("%w: base_score %s makes margin %d start at %v", ErrModel, text, k, v)
		}
	}
	return nil
}

// xgbTypes makes columns categorical that the file says are.
func (in *treeImport) xgbTypes(types []string) error {
	if len(types) > 0 && len(types) != in.columns {
		return fmt.Errorf("%w: %d feature_types for %d feature columns", ErrModel, len(types), in.columns)
	}
	for j, t := range types {
		if t == "c" || t == "categorical" {
			in.levels[j] = 1
		}
	}
	return nil
}

// xgbOrder returns the trees so that their groups come in turn.
func xgbOrder(info []jsonNumber, groups int) ([]int, error) {
	byGroup := make([][]int, 0, min(groups, len(info)))
	for t, n := range info {
		k := n.whole(groups - 1)
		if k < 0 {
			return nil, fmt.Errorf("%w: tree %d is for group %v of %d", ErrModel, t, n, groups)
		}
		for len(byGroup) <= k {
			byGroup = append(byGroup, nil)
		}
		byGroup[k] = append(byGroup[k], t)
	}
	for k, trees := range byGroup {
		if len(trees)*groups != len(info) {
			return nil, fmt.Errorf("%w: group %d has %d of %d trees for %d groups", ErrModel, k, len(trees), len(info), groups)
		}
	}
	order := make([]int, 0, len(info))
	for i := range len(info) / groups {
		for k := range byGroup {
			order = append(order, byGroup[k][i])
		}
	}
	return order, nil
}
