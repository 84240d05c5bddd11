package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/leptonsched/lepton/sim"
)

// stretch is length jobs of a trace in a row.
type stretch struct {
	trace         string
	start, length int
}

func (s stretch) String() string {
	return fmt.Sprintf("%s from %d, %d jobs", s.trace, s.start, s.length)
}

// networkPrefix begins the names of schedulers whose results can only be read, not run.
const networkPrefix = "RLScheduler"

// referenceFile is a file of runs made elsewhere. Its lists are in the order of the file.
type referenceFile struct {
	path      string
	stretches []stretch
	settings  []sim.Backfill
	networks  []string
	rows      []referenceRow
	values    map[referenceKey]float64
	lines     map[stretch]int // where each is first mentioned
}

type referenceKey struct {
	stretch
	setting           sim.Backfill
	scheduler, metric string // a heuristic by the name that sim gives it
}

type referenceRow struct {
	referenceKey
	value float64
	line  int
}

// referenceColumns are needed, in any order.
var referenceColumns = []string{"trace", "start", "length", "backfill", "scheduler", "metric", "value"}

// openReference reads the sequences of at most longest jobs (0: of any length). A fault names file and line.
func openReference(path string, longest int) (*referenceFile, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err // it names the path
	}
	defer f.Close()
	r := &referenceFile{path: path, values: map[referenceKey]float64{}, lines: map[stretch]int{}}
	rows := csv.NewReader(f)
	rows.ReuseRecord = true
	header, err := rows.Read()
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = errors.New("it is empty")
		}
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	var columns [7]int
	var missing []string
	for i, name := range referenceColumns {
		if columns[i] = slices.Index(header, name); columns[i] < 0 {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("%s:1: no column %s", path, strings.Join(missing, ", "))
	}
	for {
		record, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return r, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		var cells [7]string
		for i, c := range columns {
			cells[i] = strings.Clone(record[c])
		}
		line, _ := rows.FieldPos(0)
		if err := r.add(cells, line, longest); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, line, err)
		}
	}
}

func (r *referenceFile) add(cells [7]string, line, longest int) error {
	row := referenceRow{line: line}
	row.trace, row.scheduler, row.metric = cells[0], cells[4], cells[5]
	if row.trace == "" || row.trace != sim.TraceName(row.trace) {
		return fmt.Errorf("%q is no name of a trace", row.trace)
	}
	var err error
	if row.start, err = strconv.Atoi(cells[1]); err != nil || row.start < 0 {
		return fmt.Errorf("start is %q, want a whole number from 0 on", cells[1])
	}
	if row.length, err = strconv.Atoi(cells[2]); err != nil || row.length < 1 {
		return fmt.Errorf("length is %q, want a whole number from 1 on", cells[2])
	}
	at := slices.IndexFunc(allSettings, func(f sim.Backfill) bool { return backfillColumn[f] == cells[3] })
	if at < 0 {
		return fmt.Errorf("backfill is %q, want 0, 1 or easy", cells[3])
	}
	row.setting = allSettings[at]
	if !strings.HasPrefix(row.scheduler, networkPrefix) {
		h, err := sim.BatchHeuristicByName(row.scheduler)
		if err != nil || strings.HasSuffix(row.scheduler, predSuffix) {
			return fmt.Errorf("unknown scheduler %q", row.scheduler)
		}
		row.scheduler = h.Name()
	}
	if !slices.Contains(sim.BatchMetricNames(), row.metric) {
		return fmt.Errorf("unknown metric %q", row.metric)
	}
	if row.value, err = strconv.ParseFloat(cells[6], 64); err != nil || math.IsInf(row.value, 0) {
		return fmt.Errorf("value is %q, want a number", cells[6])
	}
	if _, twice := r.values[row.referenceKey]; twice {
		return fmt.Errorf("%s of %s on %v is given twice", row.metric, row.scheduler, row.stretch)
	}
	if longest > 0 && row.length > longest {
		return nil
	}
	r.values[row.referenceKey] = row.value
	r.rows = append(r.rows, row)
	if _, known := r.lines[row.stretch]; !known {
		r.lines[row.stretch] = line
		r.stretches = append(r.stretches, row.stretch)
	}
	if !slices.Contains(r.settings, row.setting) {
		r.settings = append(r.settings, row.setting)
	}
	if strings.HasPrefix(row.scheduler, networkPrefix) && !slices.Contains(r.networks, row.scheduler) {
		r.networks = append(r.networks, row.scheduler)
	}
	return nil
}

// allSettings are the ways of backfilling.
var allSettings = []sim.Backfill{sim.BackfillNone, sim.BackfillReference, sim.BackfillEASY}

// network is a value of a network's run. RLScheduler[NAME] is on NAME what the file calls RLScheduler there: the
// network that was trained on that trace.
func (r *referenceFile) network(k referenceKey) (float64, bool) {
	v, ok := r.values[k]
	if !ok && k.scheduler == networkPrefix+"["+k.trace+"]" {
		k.scheduler = networkPrefix
		v, ok = r.values[k]
	}
	return v, ok && v == v
}
