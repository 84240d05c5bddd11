package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"

	"github.com/leptonsched/lepton/evaluate"
	"github.com/leptonsched/lepton/supervised"
)

// jsonNumber is null where there is no number.
type jsonNumber float64

// MarshalJSON writes the number with all its digits.
func (n jsonNumber) MarshalJSON() ([]byte, error) {
	if math.IsNaN(float64(n)) || math.IsInf(float64(n), 0) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(n))
}

// fitJSON is what -json prints.
type fitJSON struct {
	TrainCPU    jsonNumber            `json:"train_cpu_s"`
	TrainWall   jsonNumber            `json:"train_wall_s"`
	RowsPerSec  jsonNumber            `json:"rows_per_s"`
	SingleP50   jsonNumber            `json:"single_p50_us"`
	PeakRSS     jsonNumber            `json:"peak_rss_mb"`
	AUC         jsonNumber            `json:"auc"`
	LogLoss     jsonNumber            `json:"logloss"`
	Accuracy    jsonNumber            `json:"accuracy"`
	RMSE        jsonNumber            `json:"rmse"`
	Task        string                `json:"task"`
	Model       string                `json:"model"`
	TrainRows   int                   `json:"train_rows"`
	TestRows    int                   `json:"test_rows"`
	Columns     int                   `json:"columns"`
	Scores      map[string]jsonNumber `json:"scores"`
	CV          map[string]jsonSpread `json:"cv,omitempty"`
	Importances []importance          `json:"importances"`
}

// jsonSpread is a score over the folds.
type jsonSpread struct {
	Mean jsonNumber `json:"mean"`
	Std  jsonNumber `json:"std"`
}

// measures are the scores to show first: those on the test rows, else the means over the folds.
func (r *fitResult) measures() []measure {
	if r.test != nil {
		return r.test.measures
	}
	var out []measure
	for _, s := range r.cv {
		out = append(out, s.measure)
	}
	return out
}

func (r *fitResult) writeJSON(w io.Writer) error {
	missing := jsonNumber(math.NaN())
	out := fitJSON{
		TrainCPU: jsonNumber(r.cost.cpu), TrainWall: jsonNumber(r.cost.wall), RowsPerSec: jsonNumber(r.cost.rowsPerSec),
		SingleP50: jsonNumber(r.cost.singleP50), PeakRSS: jsonNumber(r.cost.peakRSS),
		AUC: missing, LogLoss: missing, Accuracy: missing, RMSE: missing,
		Task: r.o.task, Model: r.o.model, TrainRows: r.tables.train.Len(), Columns: r.tables.train.Width(),
		Scores: map[string]jsonNumber{}, Importances: r.importances,
	}
	if r.test != nil {
		out.TestRows = r.test.rows
	}
	first := map[string]*jsonNumber{"auc": &out.AUC, "logloss": &out.LogLoss, "accuracy": &out.Accuracy, "rmse": &out.RMSE}
	for _, m := range r.measures() {
		out.Scores[m.name] = jsonNumber(m.value)
		if at := first[m.name]; at != nil {
			*at = jsonNumber(m.value)
		}
	}
	for _, s := range r.cv {
		if out.CV == nil {
			out.CV = map[string]jsonSpread{}
		}
		out.CV[s.name] = jsonSpread{jsonNumber(s.value), jsonNumber(s.std)}
	}
	return json.NewEncoder(w).Encode(out) // maps come out sorted by name
}

// digits writes a number for people.
func digits(v float64) string {
	if math.IsNaN(v) {
		return "-"
	}
	return strconv.FormatFloat(v, 'g', 5, 64)
}

// scoreTable is the scores on the test rows and over the folds.
func (r *fitResult) scoreTable() evaluate.Table {
	t := evaluate.Table{Header: []string{"score"}}
	if r.test != nil {
		t.Header = append(t.Header, "test rows")
	}
	if r.cv != nil {
		t.Header = append(t.Header, "mean of folds", "spread of folds")
	}
	for k, m := range r.measures() {
		row := []string{m.text}
		if r.test != nil {
			row = append(row, digits(m.value))
		}
		if r.cv != nil {
			row = append(row, digits(r.cv[k].value), digits(r.cv[k].std))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

const importancesShown = 20

func (r *fitResult) importanceTable() evaluate.Table {
	t := evaluate.Table{Header: []string{"column", "importance"}, Note: "Importance: " + r.what + "."}
	for _, i := range r.importances[:min(len(r.importances), importancesShown)] {
		t.Rows = append(t.Rows, []string{i.Column, digits(i.Value)})
	}
	if more := len(r.importances) - importancesShown; more > 0 {
		t.Note += fmt.Sprintf(" %d more columns are not shown.", more)
	}
	return t
}

func (r *fitResult) costs() []evaluate.Fact {
	return []evaluate.Fact{
		{Name: "fit", Value: fmt.Sprintf("%s s, %s s of processor time", digits(r.cost.wall), digits(r.cost.cpu))},
		{Name: "predictions", Value: fmt.Sprintf("%s rows a second; one row %s µs", digits(r.cost.rowsPerSec), digits(r.cost.singleP50))},
		{Name: "memory", Value: fmt.Sprintf("%s MB at most", digits(r.cost.peakRSS))},
	}
}

func (r *fitResult) writeText(w io.Writer) error {
	d := r.tables.train
	fmt.Fprintf(w, "%s of %s by %d columns of %d rows\n", r.o.model, d.Schema().Target, d.Width(), d.Len())
	for _, f := range r.costs() {
		fmt.Fprintf(w, "%s: %s\n", f.Name, f.Value)
	}
	if r.measures() == nil {
		fmt.Fprint(w, "\nno scores: give -test or -cv\n")
	} else {
		fmt.Fprint(w, "\n"+r.scoreTable().Text())
	}
	_, err := fmt.Fprint(w, "\n"+r.importanceTable().Text())
	return err
}

// writePredictions writes a line for each test row, in its order, counted from 1.
func (r *fitResult) writePredictions(w io.Writer) error {
	d, classes := r.tables.test, r.tables.test.Schema().Classes
	out := csv.NewWriter(w)
	header := []string{"row", "target", "predicted"}
	for _, c := range classes {
		header = append(header, "p_"+c)
	}
	text := func(v float64) string {
		if classes != nil {
			return classes[int(v)]
		}
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	err := out.Write(header)
	for i := 0; i < d.Len() && err == nil; i++ {
		line := []string{strconv.Itoa(i + 1), text(d.Target(i)), text(r.test.predicted[i])}
		for k := range classes {
			line = append(line, strconv.FormatFloat(r.test.proba[i*len(classes)+k], 'g', -1, 64))
		}
		err = out.Write(line)
	}
	if err != nil {
		return err
	}
	out.Flush()
	return out.Error()
}

// writeReport writes the page. It holds no dates, but the times that the fit took.
func (r *fitResult) writeReport(w io.Writer) error {
	d := r.tables.train
	schema := d.Schema()
	page := evaluate.NewReport(fmt.Sprintf("%s: %s", r.o.model, schema.Target))
	page.Facts(append([]evaluate.Fact{
		{Name: "task", Value: r.o.task}, {Name: "training rows", Value: fmt.Sprintf("%s, %d rows of %d columns", r.o.train, d.Len(), d.Width())},
		{Name: "settings", Value: fmt.Sprint(r.o.settings)}, {Name: "seed", Value: strconv.FormatUint(r.o.seed, 10)},
	}, r.costs()...)...)
	page.Section("Scores")
	if r.measures() == nil {
		page.Text("There are no rows to score on: neither test rows nor folds were asked for.")
	} else {
		page.Table(r.scoreTable())
	}
	page.Section("What the model leans on")
	bars := evaluate.Bars{XLabel: r.what}
	for _, i := range r.importances[:min(len(r.importances), importancesShown)] {
		bars.Names, bars.Values = append(bars.Names, i.Column), append(bars.Values, i.Value)
	}
	page.Plot(bars, "Importance of the columns, the most important first.", "A bar for each column, as long as its importance.")
	page.Table(r.importanceTable())
	if r.test != nil {
		if err := r.reportAnswers(page); err != nil {
			return err
		}
	}
	_, err := page.WriteTo(w)
	return err
}

// reportAnswers shows where the answers for the test rows are right and wrong.
func (r *fitResult) reportAnswers(page *evaluate.Report) error {
	d := r.tables.test
	schema, y := d.Schema(), d.Targets()
	if schema.Classes == nil {
		page.Section("Errors")
		page.Table(errorTable(y, r.test.predicted))
		return nil
	}
	const shown = 30
	if len(schema.Classes) <= shown {
		counts, err := supervised.Confusion(y, r.test.predicted, len(schema.Classes))
		if err != nil {
			return err
		}
		page.Section("True and predicted classes")
		t := evaluate.Table{Header: []string{"true class"}, Note: "Rows of the table: the true class; columns: the predicted one."}
		t.Header = append(t.Header, schema.Classes...)
		for k, row := range counts {
			line := []string{schema.Classes[k]}
			for _, n := range row {
				line = append(line, strconv.Itoa(n))
			}
			t.Rows = append(t.Rows, line)
		}
		page.Table(t)
	}
	if len(schema.Classes) != 2 {
		return nil
	}
	ones := make([]float64, len(y))
	for i := range ones {
		ones[i] = r.test.proba[2*i+1]
	}
	curve, err := weightsOf(d).Calibration(y, ones, 10)
	if err != nil {
		return err
	}
	line := evaluate.Series{Name: "model"}
	for _, b := range curve {
		line.X, line.Y = append(line.X, b.Predicted), append(line.Y, b.Observed)
	}
	page.Section("Calibration")
	page.Plot(evaluate.Curve{
		XLabel: "predicted probability of " + schema.Classes[1], YLabel: "observed share",
		Series: []evaluate.Series{line, {Name: "ideal", X: []float64{0, 1}, Y: []float64{0, 1}}},
	}, "Predicted probabilities in ten bins, and what came true.", "A line of observed shares over predicted probabilities beside the diagonal.")
	return nil
}
