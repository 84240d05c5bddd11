package sim

import (
	"errors"
	"fmt"
)

// ErrNoJobs is returned for a trace in which no job is left after cleaning.
var ErrNoJobs = errors.New("sim: no jobs in the trace")

// ErrNoMachine is returned when neither the file nor the options say how many processors there are.
var ErrNoMachine = errors.New("sim: the size of the machine is not in the file: set TraceOptions.MaxProcs")

// ErrFormat is returned for a file that is neither SWF nor the output of sacct -P.
var ErrFormat = errors.New("sim: neither SWF nor sacct -P output")

// ErrTooLarge is returned for a trace of more bytes, once decompressed, than TraceOptions.MaxBytes.
var ErrTooLarge = errors.New("sim: trace larger than TraceOptions.MaxBytes")

// ParseError is a fault in one line of a trace.
type ParseError struct {
	File  string // the file's path, or the name that the reader was given
	Line  int    // from 1
	Field int    // from 1; 0: the line as a whole
	Name  string // what the format calls the field
	Msg   string // the fault
}

// Error names the file, the line and the field: "log.swf:12: field 4 (run time): …".
func (e *ParseError) Error() string {
	if e.Field == 0 {
		return fmt.Sprintf("sim: %s:%d: %s", e.File, e.Line, e.Msg)
	}
	return fmt.Sprintf("sim: %s:%d: field %d (%s): %s", e.File, e.Line, e.Field, e.Name, e.Msg)
}

// quote shows at most the first bytes of a faulty field.
func quote(s []byte) string {
	if len(s) > 40 {
		return fmt.Sprintf("%q…", s[:40])
	}
	return fmt.Sprintf("%q", s)
}
