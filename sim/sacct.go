package sim

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"slices"
)

// ReadSacct reads the history of a Slurm site as `sacct -P` (or -p) prints it: a header line, then one job a
// line, columns separated by bars and found by name. For example:
//
//	sacct -a -X -P -S 2024-01-01 -o JobIDRaw,Submit,Start,End,ElapsedRaw,AllocCPUS,TimelimitRaw,User,Group,Partition,QOS,State,JobName
//
// Needed are JobIDRaw or JobID; Submit; ElapsedRaw, Elapsed, or Start and End; AllocCPUS, NCPUS or ReqCPUS.
// Procs are the processors a job occupied. TimelimitRaw or Timelimit becomes Request; a job without a limit of its
// own gets the longest in the log, at least its run time, and its run time where the log has no limits. User, Group
// (or Account), JobName, QOS and Partition become User, Group, App, Queue and Part: numbers from 1 in the
// order of first appearance, their names in Trace.Names. JobName as the last column may hold bars.
//
// Left out: steps such as 123.batch (not counted as records), jobs that have not ended, never ran, or have no submit
// time. Without JobIDRaw the tasks of an array share their number. Submit counts from the earliest one; times are
// read as UTC, so a change to or from summer time shows as an hour's jump (run sacct with TZ=UTC to avoid it).
//
// MaxProcs is that of the options, else the most processors that the log's jobs used at one moment, which
// the machine had at least; ErrNoMachine where the log lacks the columns to tell. Other errors as in ReadSWF.
func ReadSacct(r io.Reader, name string, o TraceOptions) (*Trace, Cleaning, error) {
	return readSacct(r, name, name, o)
}

func readSacct(r io.Reader, file, name string, o TraceOptions) (*Trace, Cleaning, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, Cleaning{Trace: name}, err
	}
	s := sacctReader{lines: newLineReader(r, file, o.MaxBytes), cleaning: Cleaning{Trace: name}, budget: 24 << 10}
	if err := s.read(); err != nil {
		return nil, s.cleaning, err
	}
	c := s.cleaning
	jobs, starts := s.log.jobs()
	t := &Trace{Name: name, MaxProcs: o.MaxProcs, Jobs: jobs, Names: Names{
		Users: s.users.names, Groups: s.groups.names, Apps: s.apps.names, Queues: s.queues.names, Parts: s.parts.names,
	}}
	s.fillRequests(t.Jobs, &c)
	if len(t.Jobs) > 0 {
		t.UnixStart = t.Jobs[0].Submit
		for _, j := range t.Jobs {
			t.UnixStart = min(t.UnixStart, j.Submit)
		}
		for i := range t.Jobs {
			t.Jobs[i].Submit -= t.UnixStart
		}
	}
	if t.MaxProcs > 0 {
		c.Machine = fmt.Sprintf("%d processors, from TraceOptions.MaxProcs", t.MaxProcs)
	} else if t.MaxProcs = peak(jobs, starts); t.MaxProcs > 0 {
		c.Machine = fmt.Sprintf("%d processors, the most in use at one moment of the log", t.MaxProcs)
	}
	return finish(t, c, file)
}

// sacctReader is the state of one ReadSacct.
type sacctReader struct {
	lines    *lineReader
	columns  sacctColumns
	barred   bool // sacct -p: every line ends with a bar
	fields   [][]byte
	log      jobLog
	cleaning Cleaning
	// budget is the memory that names may still take: what four times the input leaves beside the jobs, and
	// something to begin with.
	budget                             int64
	users, groups, apps, queues, parts nameTable
}

func (s *sacctReader) read() error {
	for {
		line, ok := s.lines.next()
		if !ok {
			break
		}
		s.budget += 4 * int64(len(line)+1)
		if line = bytes.TrimRight(line, " \r"); len(line) == 0 {
			continue
		}
		if s.columns.names == nil {
			var err error
			s.barred = line[len(line)-1] == '|'
			line = bytes.TrimSuffix(line, []byte("|"))
			if s.columns, err = newSacctColumns(string(line), s.lines.name, s.lines.n); err != nil {
				return err
			}
			continue
		}
		if s.barred {
			line = bytes.TrimSuffix(line, []byte("|"))
		}
		if err := s.row(line); err != nil {
			return err
		}
	}
	return s.lines.err()
}

// jobCost is what a job takes in memory: as Job, in the log of the first pass, its start, two uses.
const jobCost = 80 + 40 + 8 + 32

func (s *sacctReader) row(line []byte) error {
	// The name of a job may hold bars, and everything after the last column's bar is that column's.
	want, nameLast := len(s.columns.names), s.columns.app == len(s.columns.names)-1
	if got := bytes.Count(line, []byte("|")) + 1; got < want || got > want && !nameLast {
		return &ParseError{File: s.lines.name, Line: s.lines.n,
			Msg: fmt.Sprintf("%d columns, the header has %d (a bar in a job's name? make JobName the last column)", got, want)}
	}
	s.fields = s.fields[:0]
	for range want - 1 {
		field, rest, _ := bytes.Cut(line, []byte("|"))
		s.fields, line = append(s.fields, field), rest
	}
	s.fields = append(s.fields, line)
	if bytes.IndexByte(s.fields[s.columns.id], '.') >= 0 {
		return nil
	}
	row := sacctRow{fields: s.fields}
	j, start, reason := s.columns.job(&row)
	if row.err != nil {
		return &ParseError{File: s.lines.name, Line: s.lines.n, Field: row.at + 1, Name: s.columns.names[row.at], Msg: row.err.Error()}
	}
	s.cleaning.Records++
	if reason != "" {
		tally(&s.cleaning.Dropped, reason, 1)
		return nil
	}
	s.budget -= jobCost
	s.nameJob(&j)
	s.log.add(j, start)
	s.cleaning.Kept++
	return nil
}

// job makes a Job of a row, with its start in Unix seconds, 0 where not known. A reason means: leave it out.
func (c *sacctColumns) job(r *sacctRow) (j Job, start int64, reason string) {
	j.ID = r.int(c.id, sacctNumber)
	submit, submitted := r.time(c.submit)
	start, started := r.time(c.start)
	end, ended := r.time(c.end)
	j.Submit = submit
	j.Procs = r.int(c.procs, sacctProcs)
	if c.limitRaw >= 0 {
		j.Request = r.limit(c.limitRaw, true)
	} else {
		j.Request = r.limit(c.limit, false)
	}
	switch {
	case len(r.text(c.elapsedRaw)) > 0:
		j.Run = r.int(c.elapsedRaw, sacctSeconds)
	case len(r.text(c.elapsed)) > 0:
		j.Run = r.int(c.elapsed, sacctDuration)
	case started && ended:
		j.Run = end - start
	}
	if !started && ended {
		start = end - j.Run
	}
	state, _, _ := bytes.Cut(r.text(c.state), []byte(" ")) // CANCELLED by 1000
	switch string(state) {
	case "PENDING", "RUNNING", "SUSPENDED", "REQUEUED", "RESIZING", "COMPLETING", "CONFIGURING":
		return j, start, "not ended: " + string(state)
	}
	switch {
	case c.end >= 0 && !ended:
		reason = "not ended"
	case j.Run < 0:
		reason = "ended before it started"
	case j.Run == 0 || c.start >= 0 && !started:
		reason = "never ran"
	case j.Procs == 0:
		reason = "no processors"
	case !submitted:
		reason = "no submit time"
	}
	return j, start, reason
}

func (s *sacctReader) nameJob(j *Job) {
	c := &s.columns
	for _, f := range []struct {
		into   *int64
		column int
		table  *nameTable
	}{
		{&j.User, c.user, &s.users}, {&j.Group, c.group, &s.groups}, {&j.App, c.app, &s.apps},
		{&j.Queue, c.queue, &s.queues}, {&j.Part, c.part, &s.parts},
	} {
		*f.into = -1
		if f.column < 0 {
			continue
		}
		var ok bool
		if *f.into, ok = f.table.number(bytes.TrimSpace(s.fields[f.column]), &s.budget); !ok {
			tally(&s.cleaning.Repaired, "a new name beside too many others: taken as unknown", 1)
		}
	}
}

// fillRequests gives jobs without a time limit the longest of the log.
func (s *sacctReader) fillRequests(jobs []Job, c *Cleaning) {
	longest := int64(-1)
	for _, j := range jobs {
		longest = max(longest, j.Request)
	}
	without, over := 0, 0
	for i := range jobs {
		j := &jobs[i]
		if j.Request < 0 {
			j.Request = max(longest, j.Run)
			without++
		}
		if j.Run > j.Request {
			over++
		}
	}
	if longest < 0 {
		tally(&c.Repaired, "no time limit in the log: the run time taken", without)
	} else {
		tally(&c.Repaired, fmt.Sprintf("no time limit: the longest of the log (%d s) or the run time taken", longest), without)
	}
	tally(&c.Noted, "ran longer than requested", over)
}

// use is a change of the processors in use.
type use struct {
	at    int64
	procs int64
}

// peak returns the most processors in use at one moment, 0 where starts are not known. At equal times ends come
// before starts.
func peak(jobs []Job, starts []int64) int64 {
	if starts == nil {
		return 0
	}
	uses := make([]use, 0, 2*len(jobs))
	for i, j := range jobs {
		if starts[i] != 0 {
			uses = append(uses, use{starts[i], j.Procs}, use{starts[i] + j.Run, -j.Procs})
		}
	}
	slices.SortFunc(uses, func(a, b use) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.procs, b.procs))
	})
	var now, most int64
	for _, u := range uses {
		now += u.procs
		most = max(most, now)
	}
	return most
}
