package sim

import (
	"fmt"
	"strings"
	"testing"

	"github.com/leptonsched/lepton/internal/rng"
	"github.com/stretchr/testify/require"
)

const slurm = `JobIDRaw|Submit|Start|End|ElapsedRaw|AllocCPUS|TimelimitRaw|User|Group|Partition|QOS|State|JobName
101|2024-01-31T12:00:00|2024-01-31T12:00:10|2024-01-31T12:01:10|60|4|10|ada|phys|short|normal|COMPLETED|train
101.batch|2024-01-31T12:00:10|2024-01-31T12:00:10|2024-01-31T12:01:10|60|4||||||COMPLETED|batch
100|2024-01-31T12:00:05|2024-01-31T12:00:40|2024-01-31T12:10:40|600|8|10|bob|phys|long|normal|TIMEOUT|a|b
102|2024-01-31T12:00:20|2024-01-31T12:01:10|2024-01-31T12:01:30|20|6|UNLIMITED|ada|chem|long||CANCELLED by 1000|train

103|2024-01-31T12:00:30|None|2024-01-31T12:02:00|0|0|Partition_Limit|ada|chem|long|normal|CANCELLED by 1000|train
104|2024-01-31T12:00:40|2024-01-31T12:02:00|Unknown|300|1|10|bob|chem|long|normal|RUNNING|train
105|2024-01-31T12:00:50|Unknown|Unknown|0|1|10|bob|chem|long|normal|PENDING|train
`

func TestReadSacct(t *testing.T) {
	got, c, err := ReadSacct(strings.NewReader(slurm), "site", TraceOptions{})
	require.NoError(t, err)
	require.Equal(t, &Trace{
		Name: "site", UnixStart: 1706702400, // 2024-01-31 12:00:00 UTC
		MaxProcs: 14, // 8 of job 100 and 6 of job 102, which began as 101 ended
		Jobs: []Job{
			{ID: 100, Submit: 5, Run: 600, Procs: 8, Request: 600, User: 2, Group: 1, App: 2, Queue: 1, Part: 2},
			{ID: 101, Submit: 0, Run: 60, Procs: 4, Request: 600, User: 1, Group: 1, App: 1, Queue: 1, Part: 1},
			{ID: 102, Submit: 20, Run: 20, Procs: 6, Request: 600, User: 1, Group: 2, App: 1, Queue: -1, Part: 2},
		},
		Names: Names{
			Users: []string{"ada", "bob"}, Groups: []string{"phys", "chem"}, Apps: []string{"train", "a|b"},
			Queues: []string{"normal"}, Parts: []string{"short", "long"},
		},
	}, got)
	require.Equal(t, `site: 6 records read, 3 jobs kept
  dropped        1  never ran
  dropped        1  not ended: RUNNING
  dropped        1  not ended: PENDING
  repaired       1  no time limit: the longest of the log (600 s) or the run time taken
  noted          1  submitted before the job of the next smaller number
  machine  14 processors, the most in use at one moment of the log`, c.String())
}

func TestReadSacctForms(t *testing.T) {
	for _, c := range []struct {
		name, text string
		procs      int64
		want       Job
	}{
		{"the least columns, an array's task, no limits", "JobID|Submit|Elapsed|NCPUS\n77_3|2024-02-29T00:00:00|1-00:00:01|2\n", 2,
			Job{ID: 77, Run: 86401, Procs: 2, Request: 86401}},
		{"sacct -p, other order and case, a carriage return", "reqcpus|STATE|End|start|submit|jobid|Timelimit|\r\n3|FAILED|2024-02-29T00:01:00|2024-02-29T00:00:30|2024-02-29T00:00:00|5+1|2-01:00:00|\r\n", 0,
			Job{ID: 5, Run: 30, Procs: 3, Request: 176400}},
		{"start from the end and the elapsed time", "JobID|Submit|End|Elapsed|NCPUS\n5|2024-02-29T00:00:00|2024-02-29T01:00:00|00:30.5|4\n", 0,
			Job{ID: 5, Run: 30, Procs: 4, Request: 30}},
		{"account for want of a group", "JobID|Submit|Elapsed|NCPUS|Account\n5|2024-02-29T00:00:00|00:00:30|4|acme\n", 8,
			Job{ID: 5, Run: 30, Procs: 4, Request: 30, Group: 1}},
		{"a job of the last that is longer than every limit", "JobID|Submit|Elapsed|NCPUS|Timelimit\n5|2024-02-29T00:00:00|02:00:00|4|UNLIMITED\n", 8,
			Job{ID: 5, Run: 7200, Procs: 4, Request: 7200}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, _, err := ReadSacct(strings.NewReader(c.text), "x", TraceOptions{MaxProcs: c.procs})
			require.NoError(t, err)
			for _, f := range []*int64{&c.want.User, &c.want.Group, &c.want.App, &c.want.Queue, &c.want.Part} {
				if *f == 0 {
					*f = -1
				}
			}
			require.Equal(t, []Job{c.want}, got.Jobs)
			require.Equal(t, max(c.procs, c.want.Procs), got.MaxProcs)
		})
	}
}

func TestReadSacctFaults(t *testing.T) {
	const columns = "JobID|Submit|Elapsed|NCPUS|Timelimit\n"
	row := func(id, submit, elapsed, procs, limit string) string {
		return columns + strings.Join([]string{id, submit, elapsed, procs, limit}, "|") + "\n"
	}
	const day = "2024-01-31T12:00:00"
	for _, c := range []struct{ name, text, want string }{
		{"columns missing", "JobID|User\n", "sim: s:1: no column Submit; no column ElapsedRaw, Elapsed, or Start and End; no column AllocCPUS, NCPUS or ReqCPUS"},
		{"id", row("x", day, "00:01:00", "1", ""), `sim: s:2: field 1 (JobID): "x" is not a job's ID`},
		{"a day that is none", row("1", "2023-02-29T12:00:00", "00:01:00", "1", ""), `sim: s:2: field 2 (Submit): "2023-02-29T12:00:00" is not a time like 2024-01-31T12:00:00`},
		{"another form of time", row("1", "31 Jan 12:00", "00:01:00", "1", ""), `sim: s:2: field 2 (Submit): "31 Jan 12:00" is not a time like 2024-01-31T12:00:00`},
		{"elapsed", row("1", day, "90", "1", ""), `sim: s:2: field 3 (Elapsed): "90" is not a duration like 1-02:03:04`},
		{"elapsed out of range", row("1", day, "9999999-00:00:00", "1", ""), `sim: s:2: field 3 (Elapsed): "9999999-00:00:00" is not a duration like 1-02:03:04`},
		{"procs", row("1", day, "00:01:00", "-4", ""), `sim: s:2: field 4 (NCPUS): "-4" is not a number of processors`},
		{"limit", row("1", day, "00:01:00", "1", "soon"), `sim: s:2: field 5 (Timelimit): "soon" is not a duration like 1-02:03:04`},
		{"too few", columns + "1|2\n", "sim: s:2: 2 columns, the header has 5 (a bar in a job's name? make JobName the last column)"},
		{"too many", row("1", day, "00:01:00", "1", "1|2"), "sim: s:2: 6 columns, the header has 5 (a bar in a job's name? make JobName the last column)"},
		{"a header of bars", strings.Repeat("|", 1000) + "\n", "sim: s:1: 1000 columns, at most 256 are read"},
		{"no starts: how large is the machine?", row("1", day, "00:01:00", "1", ""), ErrNoMachine.Error() + ": s"},
		{"no jobs", columns, ErrNoJobs.Error() + ": s"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, _, err := ReadSacct(strings.NewReader(c.text), "s", TraceOptions{})
			require.EqualError(t, err, c.want)
			require.Nil(t, got)
		})
	}
}

// A log in which every row has names of its own keeps within the memory that its bytes allow, and says so.
func TestReadSacctBoundsNames(t *testing.T) {
	var b strings.Builder
	b.WriteString("JobID|Submit|Elapsed|NCPUS|User|Group|Partition|QOS|JobName\n")
	for i := range 20_000 {
		fmt.Fprintf(&b, "%d|2024-01-31T12:00:00|00:10|1|u%[1]x|g%[1]x|p%[1]x|q%[1]x|j%[1]x\n", i)
	}
	text := b.String()
	var c Cleaning
	n := allocated(func() {
		var err error
		_, c, err = ReadSacct(strings.NewReader(text), "x", TraceOptions{MaxProcs: 1})
		require.NoError(t, err)
	})
	require.LessOrEqual(t, n, 4*int64(len(text))+64<<10)
	require.Equal(t, 20_000, c.Kept)
	require.Contains(t, c.String(), "a new name beside too many others: taken as unknown")
}

// slowPeak looks at every second.
func slowPeak(jobs []Job, starts []int64) (most int64) {
	for at := range int64(60) {
		now := int64(0)
		for i, j := range jobs {
			if starts[i] != 0 && starts[i] <= at && at < starts[i]+j.Run {
				now += j.Procs
			}
		}
		most = max(most, now)
	}
	return most
}

func TestPeakAgainstSlowTwin(t *testing.T) {
	r := rng.New(1, "peak")
	for range 200 {
		jobs := make([]Job, 1+r.IntN(12))
		starts := make([]int64, len(jobs))
		for i := range jobs {
			jobs[i] = Job{Run: 1 + r.Int64N(20), Procs: 1 + r.Int64N(9)}
			starts[i] = r.Int64N(30)
		}
		require.Equal(t, slowPeak(jobs, starts), peak(jobs, starts))
	}
}

func FuzzReadSacct(f *testing.F) {
	f.Add(slurm)
	f.Add("JobID|Submit|Elapsed|NCPUS\n" + "1|2024-01-31T12:00:00|0:1|1\n")
	f.Add("JobID|Submit|Start|End|NCPUS\n" + "1|2024-01-31T12:00:00|2024-01-31T12:00:00|2024-01-31T12:00:01|1\n")
	f.Add("JobID|Submit|Elapsed|NCPUS|User|\n7_[3-9]|Unknown|1-1:1:1|99999999|x|\n")
	f.Fuzz(func(t *testing.T, text string) {
		for _, procs := range []int64{0, 64} {
			var got *Trace
			var c Cleaning
			var err error
			if n := allocated(func() { got, c, err = ReadSacct(strings.NewReader(text), "f", TraceOptions{MaxProcs: procs}) }); n > 4*int64(len(text))+64<<10 {
				t.Fatalf("%d bytes allocated for %d of input", n, len(text))
			}
			if err != nil {
				require.Nil(t, got)
				continue
			}
			require.Equal(t, c.Kept, len(got.Jobs))
			for i, j := range got.Jobs {
				require.True(t, j.Run > 0 && j.Procs > 0 && j.Procs <= got.MaxProcs && j.Request >= 0 && j.Submit >= 0)
				require.True(t, i == 0 || got.Jobs[i-1].ID <= j.ID)
				require.True(t, j.User == -1 || 1 <= j.User && j.User <= int64(len(got.Names.Users)))
			}
		}
	})
}
