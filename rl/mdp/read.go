package mdp

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strconv"
)

// ReadFiles reads <name>.transitions.csv and <name>.start.csv from a folder; see Read.
func ReadFiles(folder fs.FS, name string) (*Problem, error) {
	transitions, err := folder.Open(name + ".transitions.csv")
	if err != nil {
		return nil, fmt.Errorf("mdp: %w", err)
	}
	defer transitions.Close()
	start, err := folder.Open(name + ".start.csv")
	if err != nil {
		return nil, fmt.Errorf("mdp: %w", err)
	}
	defer start.Close()
	p, err := Read(transitions, start)
	if err != nil {
		return nil, fmt.Errorf("mdp: reading %s: %w", name, err)
	}
	return p, nil
}

// Read reads a problem from two tables with a header line. transitions has the columns state, action,
// prob, next_state, reward and done (0 or 1); start has state and prob. Further columns are passed over.
// Errors name table, line and column.
func Read(transitions, start io.Reader) (*Problem, error) {
	var ts []Transition
	err1 := readTable("transitions", transitions, []string{"state", "action", "prob", "next_state", "reward", "done"}, func(v []float64) error {
		t := Transition{State: int(v[0]), Action: int(v[1]), Prob: v[2], Next: int(v[3]), Reward: v[4], Done: v[5] != 0}
		if float64(t.State) != v[0] || float64(t.Action) != v[1] || float64(t.Next) != v[3] {
			return errors.New("states and actions are whole numbers")
		}
		ts = append(ts, t)
		return nil
	})
	var starts []Start
	err2 := readTable("start", start, []string{"state", "prob"}, func(v []float64) error {
		if float64(int(v[0])) != v[0] {
			return errors.New("states are whole numbers")
		}
		starts = append(starts, Start{int(v[0]), v[1]})
		return nil
	})
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	return New(ts, starts)
}

// readTable hands the named columns of each line to row.
func readTable(table string, r io.Reader, columns []string, row func([]float64) error) error {
	in := csv.NewReader(r)
	in.ReuseRecord = true
	header, err := in.Read()
	if err != nil {
		return fmt.Errorf("mdp: %s: no header: %w", table, err)
	}
	at := make([]int, len(columns))
	for i, name := range columns {
		if at[i] = slices.Index(header, name); at[i] < 0 {
			return fmt.Errorf("mdp: %s: no column %q", table, name)
		}
	}
	values := make([]float64, len(columns))
	for {
		record, err := in.Read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("mdp: %s: %w", table, err)
		}
		line, _ := in.FieldPos(0)
		for i, name := range columns {
			if values[i], err = strconv.ParseFloat(record[at[i]], 64); err != nil {
				return fmt.Errorf("mdp: %s: line %d, column %q: %w", table, line, name, err)
			}
		}
		if err := row(values); err != nil {
			return fmt.Errorf("mdp: %s: line %d: %w", table, line, err)
		}
	}
}
