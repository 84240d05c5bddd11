package sim

import "encoding/binary"

// jobLog gathers jobs of an unknown number in fewer bytes than their text has, so that reading a trace
// costs one exact slice of jobs and little more, where growing a slice would allocate several times that.
type jobLog struct {
	blocks  [][]byte
	n       int
	started bool // some job came with a start
}

const (
	jobBlock  = 16 << 10
	jobFields = 11
)

func jobInts(j *Job, start *int64) [jobFields]*int64 {
	return [jobFields]*int64{&j.ID, &j.Submit, &j.Run, &j.Procs, &j.Request, &j.User, &j.Group, &j.App, &j.Queue, &j.Part, start}
}

// add appends j and when it started, 0 where that is not known or of no use.
func (l *jobLog) add(j Job, start int64) {
	last := len(l.blocks) - 1
	if last < 0 || cap(l.blocks[last])-len(l.blocks[last]) < jobFields*binary.MaxVarintLen64 {
		l.blocks = append(l.blocks, make([]byte, 0, jobBlock))
		last++
	}
	b := l.blocks[last]
	for _, f := range jobInts(&j, &start) {
		b = binary.AppendVarint(b, *f)
	}
	l.blocks[last] = b
	l.n++
	l.started = l.started || start != 0
}

// jobs returns the jobs in the order in which they were added, and their starts, nil where none has one.
func (l *jobLog) jobs() (jobs []Job, starts []int64) {
	jobs = make([]Job, l.n)
	if l.started {
		starts = make([]int64, l.n)
	}
	i := 0
	for _, b := range l.blocks {
		for ; len(b) > 0; i++ {
			var start int64
			for _, f := range jobInts(&jobs[i], &start) {
				v, width := binary.Varint(b)
				*f, b = v, b[width:]
			}
			if starts != nil {
				starts[i] = start
			}
		}
	}
	return jobs, starts
}
