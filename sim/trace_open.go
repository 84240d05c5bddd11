package sim

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// OpenTrace reads the log in the file at path, SWF or sacct -P output, plain or gzip; what it is, it tells from
// the content. The trace is named as the file, without .gz and .swf. For the rest see ReadSWF and
// ReadSacct; a file that is neither is ErrFormat.
func OpenTrace(path string, o TraceOptions) (*Trace, Cleaning, error) {
	return open(path, o, func(r *bufio.Reader) (traceReader, error) {
		return sniff(r)
	})
}

// OpenSWF is OpenTrace for a file that must be SWF.
func OpenSWF(path string, o TraceOptions) (*Trace, Cleaning, error) {
	return open(path, o, func(*bufio.Reader) (traceReader, error) { return readSWF, nil })
}

type traceReader func(r io.Reader, file, name string, o TraceOptions) (*Trace, Cleaning, error)

func open(path string, o TraceOptions, choose func(*bufio.Reader) (traceReader, error)) (*Trace, Cleaning, error) {
	name := TraceName(path)
	fail := func(err error) (*Trace, Cleaning, error) {
		return nil, Cleaning{Trace: name}, fmt.Errorf("sim: opening trace %s: %w", path, err)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, Cleaning{Trace: name}, fmt.Errorf("sim: %w", err) // it names the path
	}
	defer f.Close()
	r := bufio.NewReader(f)
	if magic, _ := r.Peek(2); string(magic) == "\x1f\x8b" {
		z, err := gzip.NewReader(r)
		if err != nil {
			return fail(err)
		}
		r = bufio.NewReader(z)
	}
	read, err := choose(r)
	if err != nil {
		return fail(err)
	}
	return read(r, path, name, o)
}

// TraceName is the name that a trace gets from its file: the last element of path without .gz and .swf.
func TraceName(path string) string {
	return strings.TrimSuffix(strings.TrimSuffix(filepath.Base(path), ".gz"), ".swf")
}

// sniff tells the format from the first line that is not blank: a comment or a number begins SWF, a list of
// columns separated by bars sacct -P output.
func sniff(r *bufio.Reader) (traceReader, error) {
	head, err := r.Peek(r.Size())
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	line, _, _ := bytes.Cut(bytes.TrimLeft(head, " \t\r\n"), []byte("\n"))
	switch {
	case len(line) == 0:
		return nil, ErrNoJobs
	case line[0] == ';' || line[0] == '-' || '0' <= line[0] && line[0] <= '9':
		return readSWF, nil
	case bytes.IndexByte(line, '|') >= 0:
		return readSacct, nil
	}
	return nil, ErrFormat
}
