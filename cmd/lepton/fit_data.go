package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/leptonsched/lepton/supervised"
)

// fitTables are the rows to fit and, where a file was given, the rows to score.
type fitTables struct {
	train, test *supervised.Dataset
}

// read reads both tables, the second by the types, levels and classes of the first.
func (o fitOptions) read(std streams) (t fitTables, err error) {
	if t.train, err = o.readTrain(); err != nil {
		return t, fmt.Errorf("%s: %w", o.train, err)
	}
	if err := o.checkClasses(t.train.Schema()); err != nil {
		return t, err
	}
	if o.test == "" {
		return t, nil
	}
	if t.test, err = o.readTest(std, t.train.Schema()); err != nil {
		return t, fmt.Errorf("%s: %w", o.test, err)
	}
	return t, nil
}

// checkClasses holds what the target has against what the task needs.
func (o fitOptions) checkClasses(s supervised.Schema) error {
	if o.task == taskBinary && len(s.Classes) != 2 {
		few := s.Classes[:min(len(s.Classes), 5)]
		return fmt.Errorf("%s: -task binary needs two classes, %q has %d: %s", o.train, s.Target, len(s.Classes), strings.Join(few, ", "))
	}
	return nil
}

func (o fitOptions) classify() bool { return o.task == taskBinary || o.task == taskMulticlass }

func (o fitOptions) readTrain() (*supervised.Dataset, error) {
	options := supervised.CSVOptions{
		Target: o.target, Classify: o.classify(), Categorical: words(o.categorical), Ignore: words(o.ignore),
		Weight: o.weight, Group: o.group, Time: o.time, Known: o.known,
	}
	binary, err := o.isTAB1(o.train)
	if err != nil {
		return nil, err
	}
	if binary {
		if options.Categorical != nil || options.Ignore != nil || o.weight+o.group+o.time+o.known != "" {
			return nil, errors.New("a TAB1 table has no named columns: -categorical, -ignore, -weight, -group, -time and -known are for CSV")
		}
		if o.target != "label" && o.target != "target" {
			return nil, fmt.Errorf("-target of a TAB1 table is label or target, not %q", o.target)
		}
		return withFile(o.train, func(r io.Reader) (*supervised.Dataset, error) {
			return supervised.ReadTAB1(r, supervised.TAB1Options{Label: o.target == "label", Classify: o.classify()})
		})
	}
	if options, err = withFile(o.train, func(r io.Reader) (supervised.CSVOptions, error) {
		return supervised.InferCSV(r, options)
	}); err != nil {
		return nil, err
	}
	return withFile(o.train, func(r io.Reader) (*supervised.Dataset, error) { return supervised.ReadCSV(r, options) })
}

// readTest takes levels that the training rows do not have for missing, and says so.
func (o fitOptions) readTest(std streams, like supervised.Schema) (*supervised.Dataset, error) {
	binary, err := o.isTAB1(o.test)
	if err != nil {
		return nil, err
	}
	if binary {
		return withFile(o.test, func(r io.Reader) (*supervised.Dataset, error) {
			return supervised.ReadTAB1(r, supervised.TAB1Options{Like: &like})
		})
	}
	options := supervised.CSVOptions{Like: &like, Weight: o.weight}
	read := func(r io.Reader) (*supervised.Dataset, error) { return supervised.ReadCSV(r, options) }
	d, err := withFile(o.test, read)
	if errors.Is(err, supervised.ErrLevel) {
		fmt.Fprintf(std.err, "lepton: note: %s: %s, which the training rows do not have: such values count as missing\n", o.test, oneLine(err))
		options.UnknownMissing = true
		d, err = withFile(o.test, read)
	}
	return d, err
}

// isTAB1 looks at the first bytes.
func (o fitOptions) isTAB1(name string) (bool, error) {
	return withFile(name, func(r io.Reader) (bool, error) {
		magic := make([]byte, 4)
		n, err := io.ReadFull(r, magic)
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			err = nil // whoever reads the whole file has the better word
		}
		return string(magic[:n]) == "TAB1", err
	})
}

func withFile[T any](name string, read func(io.Reader) (T, error)) (T, error) {
	var none T
	f, err := os.Open(name)
	if err != nil {
		return none, errors.Unwrap(err) // the caller names the file
	}
	defer f.Close()
	return read(bufio.NewReaderSize(f, 1<<16))
}

// words parts a list by commas; nil for none.
func words(list string) []string {
	if list == "" {
		return nil
	}
	return strings.Split(list, ",")
}
