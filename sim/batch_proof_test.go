package sim

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/leptonsched/lepton"
)

// opponents are the rules of which the best in hindsight is the opponent of a cell.
var opponents = []string{"FCFS", "SJF", "Smallest", "F1", "F2", "F3", "F4", "SAF", "WFP3_fixed", "UNICEP_fixed"}

// proofSequence is a fixed part of a trace; a cell is all of one trace and length.
type proofSequence struct {
	trace         string
	start, length int
}

// proof measures deciders as docs/batch-lab.md defines it: log of the mean bounded slowdown of each sequence over that of
// the opponent of its cell, pooled over all sequences.
type proof struct {
	sequences []proofSequence
	slowdowns map[string][]float64 // by decider: geometric mean over seeds, of each sequence
	opponent  []string             // of each sequence
}

// pooled is the ratio of a decider with its 95% interval.
type pooled struct{ ratio, low, high float64 }

func (p pooled) String() string { return fmt.Sprintf("%.3f (%.3f–%.3f)", p.ratio, p.low, p.high) }

// referenceSequences lists the sequences of batch_heuristics.csv of at most longest jobs.
func referenceSequences(t *testing.T, longest int) []proofSequence {
	var list []proofSequence
	for _, row := range readCSV(t, "batch_heuristics.csv")[1:] {
		s := proofSequence{row[0], int(number(t, row[1])), int(number(t, row[2]))}
		if s.length <= longest && !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	return list
}

// newProof measures the opponents.
func newProof(t *testing.T, sequences []proofSequence, o BatchOptions) *proof {
	p := &proof{sequences: sequences, slowdowns: map[string][]float64{}}
	for _, name := range opponents {
		p.measure(t, name, o, 1, func(uint64) lepton.StateScorer[*BatchState] { return mustHeuristic(t, name) })
	}
	p.opponent = make([]string, len(sequences))
	p.slowdowns["oracle"] = make([]float64, len(sequences))
	for i, s := range sequences {
		total := func(name string) (sum float64) {
			for k, other := range sequences {
				if other.trace == s.trace && other.length == s.length {
					sum += p.slowdowns[name][k]
				}
			}
			return sum
		}
		p.opponent[i] = slices.MinFunc(opponents, func(a, b string) int { return cmp.Compare(total(a), total(b)) })
		p.slowdowns["oracle"][i] = math.Inf(1)
		for _, name := range opponents {
			p.slowdowns["oracle"][i] = min(p.slowdowns["oracle"][i], p.slowdowns[name][i])
		}
	}
	return p
}

// measure runs all sequences under the deciders of several seeds.
func (p *proof) measure(t *testing.T, name string, o BatchOptions, seeds int, decider func(seed uint64) lepton.StateScorer[*BatchState]) {
	traces := map[string]*Trace{}
	for _, s := range p.sequences {
		if traces[s.trace] == nil {
			traces[s.trace] = swfTrace(t, s.trace)
		}
		world := mustBatch(t, traces[s.trace].Machine(), o)
		sum := 0.0
		for seed := range uint64(seeds) {
			require.NoError(t, world.Reset(traces[s.trace].Jobs, s.start, s.length))
			result, err := world.Run(decider(seed + 1))
			require.NoError(t, err)
			sum += math.Log(result.Metrics().AvgBSLD)
		}
		p.slowdowns[name] = append(p.slowdowns[name], math.Exp(sum/float64(seeds)))
	}
}

// ratio pools the sequences that match, with a bootstrap over starts.
func (p *proof) ratio(name string, match func(proofSequence) bool) pooled {
	var starts []proofSequence // length 0
	logs := map[proofSequence][]float64{}
	for i, s := range p.sequences {
		if match(s) {
			key := proofSequence{s.trace, s.start, 0}
			if logs[key] == nil {
				starts = append(starts, key)
			}
			logs[key] = append(logs[key], math.Log(p.slowdowns[name][i]/p.slowdowns[p.opponent[i]][i]))
		}
	}
	mean := func(draw func(i int) int) float64 {
		sum, n := 0.0, 0
		for i := range starts {
			for _, x := range logs[starts[draw(i)]] {
				sum += x
				n++
			}
		}
		return math.Exp(sum / float64(n))
	}
	r := rand.New(rand.NewPCG(1, 1))
	draws := make([]float64, 4000)
	for k := range draws {
		draws[k] = mean(func(int) int { return r.IntN(len(starts)) })
	}
	slices.Sort(draws)
	return pooled{mean(func(i int) int { return i }), draws[len(draws)/40], draws[len(draws)-1-len(draws)/40]}
}

// log prints every decider pooled, and name by cell.
func (p *proof) log(t *testing.T, name string) pooled {
	all := func(proofSequence) bool { return true }
	for _, other := range append(slices.Clone(opponents), "oracle") {
		t.Logf("%-12s %v", other, p.ratio(other, all))
	}
	var cells []proofSequence
	for i, s := range p.sequences {
		cell := proofSequence{s.trace, 0, s.length}
		if !slices.Contains(cells, cell) {
			cells = append(cells, cell)
			in := func(s proofSequence) bool { return s.trace == cell.trace && s.length == cell.length }
			t.Logf("%-12s %v in %s, %d jobs, against %s; the oracle %v", name, p.ratio(name, in), cell.trace, cell.length, p.opponent[i], p.ratio("oracle", in))
		}
	}
	ratio := p.ratio(name, all)
	t.Logf("%-12s %v over %d sequences", name, ratio, len(p.sequences))
	return ratio
}

// TestReferenceBatchPlanner measures the planner against the best rule in hindsight of each cell. LEPTON_FULL=1 takes all
// sequences and five seeds, some minutes; otherwise sequences of 256 jobs, one seed and a wide bound.
func TestReferenceBatchPlanner(t *testing.T) {
	longest, seeds, bound := 256, 1, 1.05
	switch {
	case os.Getenv("LEPTON_FULL") == "1":
		longest, seeds, bound = math.MaxInt, 5, 0.95
	case testing.Short():
		t.Skip("some seconds")
	}
	sequences := referenceSequences(t, longest)
	for _, backfill := range allBackfills {
		t.Run(backfill.String(), func(t *testing.T) {
			o := BatchOptions{Backfill: backfill}
			p := newProof(t, sequences, o)
			p.measure(t, "planner", o, seeds, func(seed uint64) lepton.StateScorer[*BatchState] {
				return mustPlanner(t, BatchPlannerOptions{Backfill: backfill, Seed: seed})
			})
			assert.Less(t, p.log(t, "planner").ratio, bound)
		})
	}
}
