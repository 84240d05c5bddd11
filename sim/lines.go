package sim

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

const maxLine = 1 << 16 // bytes

// lineReader gives the lines of a file with their number, none longer than maxLine and not more than limit bytes in
// all. When reading fails, the piece of a line before the failure is not taken for a line.
type lineReader struct {
	scanner *bufio.Scanner
	in      io.Reader
	left    int64
	failed  bool // reading ended otherwise than by the end of the file
	name    string
	n       int
}

func newLineReader(r io.Reader, name string, limit int64) *lineReader {
	l := &lineReader{in: r, left: limit, name: name}
	l.scanner = bufio.NewScanner(source{l})
	l.scanner.Buffer(make([]byte, 0, 4<<10), maxLine)
	l.scanner.Split(l.split)
	return l
}

// source is the reader under the scanner.
type source struct{ l *lineReader }

func (s source) Read(p []byte) (int, error) {
	n, err := s.l.in.Read(p)
	if s.l.left -= int64(n); s.l.left < 0 {
		n, err = 0, ErrTooLarge
	}
	s.l.failed = s.l.failed || err != nil && err != io.EOF
	return n, err
}

func (l *lineReader) split(data []byte, atEOF bool) (advance int, token []byte, err error) {
	if l.failed && bytes.IndexByte(data, '\n') < 0 {
		return 0, nil, nil
	}
	return bufio.ScanLines(data, atEOF)
}

// next returns the next line without its end, valid until the next call.
func (l *lineReader) next() (line []byte, ok bool) {
	if !l.scanner.Scan() {
		return nil, false
	}
	l.n++
	return l.scanner.Bytes(), true
}

func (l *lineReader) err() error {
	switch err := l.scanner.Err(); {
	case err == nil:
		return nil
	case errors.Is(err, bufio.ErrTooLong):
		return &ParseError{File: l.name, Line: l.n + 1, Msg: fmt.Sprintf("longer than %d bytes", maxLine)}
	default:
		return fmt.Errorf("sim: %s: after line %d: %w", l.name, l.n, err)
	}
}
