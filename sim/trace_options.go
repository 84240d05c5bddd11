package sim

import (
	"errors"
	"fmt"
)

// TraceOptions says how a trace is read. The zero value reads what the file says.
type TraceOptions struct {
	// MaxProcs is the number of processors of the machine; 0 takes it from the file. A value here wins over
	// the file's, whose MaxNodes is then dropped, and jobs larger than it are left out and counted.
	MaxProcs int64
	// MaxBytes bounds the decompressed size of what is read, and with it the memory: at most four times as
	// much. 0 means 1 GiB, some twelve million jobs.
	MaxBytes int64
}

func (o TraceOptions) withDefaults() (TraceOptions, error) {
	if o.MaxBytes == 0 {
		o.MaxBytes = 1 << 30
	}
	var faults []error
	if o.MaxProcs < 0 || o.MaxProcs > maxProcs {
		faults = append(faults, fmt.Errorf("sim: TraceOptions.MaxProcs is %d, must be in [0, %d]", o.MaxProcs, maxProcs))
	}
	if o.MaxBytes < 0 {
		faults = append(faults, fmt.Errorf("sim: TraceOptions.MaxBytes is %d, must not be negative", o.MaxBytes))
	}
	return o, errors.Join(faults...)
}

// What the fields of a job may hold: a product of a time and a number of processors fits an int64, and
// so does the sum of the waits of many million jobs.
const (
	maxTime  = 1 << 36 // seconds: 2,177 years
	maxProcs = 1 << 26
)
