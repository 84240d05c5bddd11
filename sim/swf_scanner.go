package sim

import (
	"bytes"
	"fmt"
	"io"
	"math"
)

// swfFields are the names of the Standard Workload Format 2.2 (Chapin et al., JSSPP 1999).
var swfFields = [18]string{
	"job number", "submit time", "wait time", "run time", "allocated processors", "average CPU time",
	"used memory", "requested processors", "requested time", "requested memory", "status", "user",
	"group", "executable", "queue", "partition", "preceding job", "think time",
}

// SWFScanner reads the jobs of a log in the Standard Workload Format one by one, in the order of the file,
// in constant memory. Use it as a bufio.Scanner: Scan until false, then look at Err. Not safe for concurrent use.
//
// It cleans as the reference does. Fields counted from 1: processors are the larger of fields 5 and 8; a requested
// time of −1 becomes the run time as it stands in the file; a job whose run time is 0 is left out; a run time
// below 0 becomes 10 s. A job without processors is left out too. A job may still be larger than the machine.
//
// A record has 18 fields; more are ignored, fewer are an error, since that is how a cut file shows. Blank lines
// are skipped. Fields that a Job does not hold must look like numbers and are not read any further.
type SWFScanner struct {
	lines    *lineReader
	job      Job
	maxNodes int64
	maxProcs int64
	start    int64
	cleaning Cleaning
	err      error
}

// NewSWFScanner reads from r, plain text, until its end. Errors name the file as name.
func NewSWFScanner(r io.Reader, name string) *SWFScanner {
	return &SWFScanner{lines: newLineReader(r, name, math.MaxInt64), cleaning: Cleaning{Trace: name}}
}

// Job returns the job that the last Scan found.
func (s *SWFScanner) Job() Job { return s.job }

// Err returns the fault that ended the scan: a *ParseError, or what the reader returned. Nil at the end of the file.
func (s *SWFScanner) Err() error { return s.err }

// Machine returns the numbers of nodes and processors that the header lines met so far give, 0 where unknown.
// MaxNodes stands in for a missing MaxProcs.
func (s *SWFScanner) Machine() (maxNodes, maxProcs int64) {
	if s.maxProcs == 0 {
		return s.maxNodes, s.maxNodes
	}
	return s.maxNodes, s.maxProcs
}

// Cleaning returns what was left out and changed so far.
func (s *SWFScanner) Cleaning() Cleaning { return s.cleaning }

// Scan moves to the next job. It returns false at the end and at the first fault.
func (s *SWFScanner) Scan() bool {
	for s.err == nil {
		line, ok := s.lines.next()
		if !ok {
			s.err = s.lines.err()
			return false
		}
		switch line = bytes.TrimLeft(line, " \t"); {
		case len(line) == 0:
		case line[0] == ';':
			s.err = s.header(line)
		default:
			var kept bool
			if kept, s.err = s.record(line); kept {
				return true
			}
		}
	}
	return false
}

// header takes what a Trace holds from a line "; Key: value"; all else is comment.
func (s *SWFScanner) header(line []byte) error {
	key, value, ok := bytes.Cut(bytes.TrimLeft(line, "; \t"), []byte(":"))
	if !ok {
		return nil
	}
	value = bytes.TrimSpace(value)
	limit, into := int64(maxProcs), (*int64)(nil)
	switch string(bytes.TrimSpace(key)) {
	case "MaxNodes":
		into = &s.maxNodes
	case "MaxProcs":
		into = &s.maxProcs
	case "UnixStartTime":
		into, limit = &s.start, maxTime
	default:
		return nil
	}
	if word := bytes.Fields(value); len(word) > 0 {
		value = word[0]
	}
	v, ok := parseInt(value)
	if !ok || v > limit {
		return &ParseError{File: s.lines.name, Line: s.lines.n, Msg: fmt.Sprintf("header %s: %s is not a number up to %d", key, quote(value), limit)}
	}
	*into = max(v, 0) // −1 is the format's word for unknown
	return nil
}

// record parses one line into s.job and cleans it; kept is false for a job that is left out.
func (s *SWFScanner) record(line []byte) (kept bool, err error) {
	var procs [2]int64 // allocated, requested
	j := &s.job
	into := [18]*int64{
		0: &j.ID, 1: &j.Submit, 3: &j.Run, 4: &procs[0], 7: &procs[1], 8: &j.Request,
		11: &j.User, 12: &j.Group, 13: &j.App, 14: &j.Queue, 15: &j.Part,
	}
	for i := range swfFields {
		var field []byte
		field, line = cutField(line)
		if len(field) == 0 {
			return false, s.fault(i, fmt.Sprintf("missing: the line has %d of %d fields", i, len(swfFields)))
		}
		if into[i] == nil {
			if !looksNumeric(field) {
				return false, s.fault(i, quote(field)+" is not a number")
			}
			continue
		}
		v, ok := parseInt(field)
		if !ok {
			return false, s.fault(i, quote(field)+" is not an integer of 64 bits")
		}
		limit := int64(math.MaxInt64)
		switch i {
		case 1, 3, 8:
			limit = maxTime
		case 4, 7:
			limit = maxProcs
		}
		if v > limit || v < -limit {
			return false, s.fault(i, fmt.Sprintf("%d is out of range: at most %d", v, limit))
		}
		*into[i] = v
	}
	j.Procs = max(procs[0], procs[1])
	return s.clean(j), nil
}

func (s *SWFScanner) fault(field int, msg string) error {
	return &ParseError{File: s.lines.name, Line: s.lines.n, Field: field + 1, Name: swfFields[field], Msg: msg}
}

func (s *SWFScanner) clean(j *Job) (keep bool) {
	c := &s.cleaning
	c.Records++
	switch {
	case j.Run == 0:
		tally(&c.Dropped, "run time 0", 1)
		return false
	case j.Procs <= 0:
		tally(&c.Dropped, "no processors", 1)
		return false
	}
	if j.Request == -1 {
		j.Request = j.Run
		tally(&c.Repaired, "no requested time: the run time taken", 1)
	}
	if j.Run < 0 {
		j.Run = 10
		tally(&c.Repaired, "run time unknown: 10 s taken", 1)
	}
	switch {
	case j.Submit < 0:
		tally(&c.Noted, "submit time below 0", 1)
	case j.Request <= 0:
		tally(&c.Noted, "requested time 0 or less", 1)
	case j.Run > j.Request:
		tally(&c.Noted, "ran longer than requested", 1)
	}
	c.Kept++
	return true
}

// cutField returns the first field of line, separated by spaces or tabs, and what follows it.
func cutField(line []byte) (field, rest []byte) {
	start := 0
	for start < len(line) && (line[start] == ' ' || line[start] == '\t') {
		start++
	}
	end := start
	for end < len(line) && line[end] != ' ' && line[end] != '\t' {
		end++
	}
	return line[start:end], line[end:]
}

// parseInt reads a decimal integer without making a string of it.
func parseInt(s []byte) (v int64, ok bool) {
	negative := len(s) > 0 && s[0] == '-'
	if len(s) > 0 && (s[0] == '-' || s[0] == '+') {
		s = s[1:]
	}
	for _, c := range s {
		digit := int64(c) - '0'
		if digit < 0 || digit > 9 || v > (math.MaxInt64-digit)/10 {
			return 0, false
		}
		v = v*10 + digit
	}
	if negative {
		v = -v
	}
	return v, len(s) > 0
}

func looksNumeric(s []byte) bool {
	digit := false
	for _, c := range s {
		switch {
		case '0' <= c && c <= '9':
			digit = true
		case c != '-' && c != '+' && c != '.' && c != 'e' && c != 'E':
			return false
		}
	}
	return digit
}
