package sim

import (
	"fmt"
	"strings"
)

// sacctColumns are the places of the columns that a Job is made of, −1 where the log lacks one.
type sacctColumns struct {
	id, submit, start, end, elapsedRaw, elapsed, procs, limitRaw, limit, state int
	user, group, app, queue, part                                              int

	names []string
}

const maxColumns = 256 // sacct knows about half as many

// newSacctColumns finds the columns in the header line. Of two names for one thing the first listed here wins.
func newSacctColumns(header, file string, line int) (sacctColumns, error) {
	if n := strings.Count(header, "|"); n >= maxColumns {
		return sacctColumns{}, &ParseError{File: file, Line: line, Msg: fmt.Sprintf("%d columns, at most %d are read", n+1, maxColumns)}
	}
	names := strings.Split(header, "|")
	find := func(wanted ...string) int {
		for _, w := range wanted {
			for i, n := range names {
				if strings.EqualFold(strings.TrimSpace(n), w) {
					return i
				}
			}
		}
		return -1
	}
	c := sacctColumns{
		id: find("JobIDRaw", "JobID"), submit: find("Submit"), start: find("Start"), end: find("End"),
		elapsedRaw: find("ElapsedRaw"), elapsed: find("Elapsed"),
		procs:    find("AllocCPUS", "NCPUS", "ReqCPUS"),
		limitRaw: find("TimelimitRaw"), limit: find("Timelimit"), state: find("State"),
		user: find("User", "UID"), group: find("Group", "GID", "Account"),
		app: find("JobName"), queue: find("QOS"), part: find("Partition"),
		names: names,
	}
	var missing []string
	for _, need := range []struct {
		met  bool
		name string
	}{
		{c.id >= 0, "JobIDRaw or JobID"},
		{c.submit >= 0, "Submit"},
		{c.elapsedRaw >= 0 || c.elapsed >= 0 || c.start >= 0 && c.end >= 0, "ElapsedRaw, Elapsed, or Start and End"},
		{c.procs >= 0, "AllocCPUS, NCPUS or ReqCPUS"},
	} {
		if !need.met {
			missing = append(missing, need.name)
		}
	}
	if missing != nil {
		return c, &ParseError{File: file, Line: line, Msg: "no column " + strings.Join(missing, "; no column ")}
	}
	return c, nil
}
