package leptontest

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/leptonsched/lepton"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// tutor is a good learner with every ability: softmax over w·row, w following reward·row of a replayed
// transition. Its faults are switched on by name.
type tutor struct {
	fault    string
	w        []float64
	observed uint64
	updates  uint64
	pending  []*lepton.Transition
	source   *rand.PCG
}

func newTutor(fault string) *tutor {
	return &tutor{fault: fault, w: make([]float64, candidates.ActionDim), source: rand.NewPCG(1, 2)}
}

func (l *tutor) Observe(t *lepton.Transition) {
	l.observed++
	switch l.fault {
	case "keeps t":
		l.pending = append(l.pending, t)
		return
	case "keeps rows":
		kept := *t
		l.pending = append(l.pending, &kept)
		return
	case "changes t":
		t.Reward = 0
	case "changes obs":
		t.Next.Reset(3, 0)
	}
	if l.fault != "needs more data" {
		l.pending = append(l.pending, clonedTransition(t))
	}
}

func (l *tutor) ObserveTarget(obs *lepton.Observation, target []float64, weight float64) {
	t := &lepton.Transition{Reward: weight}
	for i, p := range target {
		if p > target[t.Action] {
			t.Action = i
		}
	}
	t.Obs.CopyFrom(obs)
	switch l.fault {
	case "keeps target":
		t.Obs = *obs
	case "changes target":
		target[t.Action] = 1
	case "target by chance":
		t.Reward *= rand.Float64()
	}
	l.pending = append(l.pending, t)
}

func (l *tutor) Step(ctx context.Context) (lepton.Progress, error) {
	switch {
	case l.fault == "waits for data" && len(l.pending) == 0, l.fault == "ignores ctx" && ctx.Err() != nil:
		time.Sleep(400 * time.Millisecond)
	case l.fault == "fails":
		return lepton.Progress{}, errors.New("singular matrix")
	case l.fault == "another error" && ctx.Err() != nil:
		return lepton.Progress{}, errors.New("stopped")
	case l.fault == "counts back" && l.updates > 100:
		l.observed = 1
	}
	draw := rand.New(l.source)
	if l.fault == "by chance" {
		draw = rand.New(rand.NewPCG(rand.Uint64(), 2))
	}
	for ; len(l.pending) > 0; l.pending = l.pending[1:] {
		if err := ctx.Err(); err != nil {
			return l.progress(), err
		}
		t := l.pending[0]
		alpha := 0.001 * draw.Float64()
		for j, v := range t.Obs.Action(t.Action) {
			l.w[j] += alpha * t.Reward * v
		}
		l.updates++
	}
	return l.progress(), nil
}

func (l *tutor) progress() lepton.Progress {
	observed := l.observed
	if l.fault == "counts beyond" {
		observed *= 2
	}
	if l.fault == "fresh updates" {
		return lepton.Progress{Observed: observed, Updates: l.updates + 1, Idle: true}
	}
	return lepton.Progress{Observed: observed, Updates: l.updates, Loss: math.NaN(), Idle: true}
}

func (l *tutor) Policy() lepton.Policy {
	switch l.fault {
	case "no policy":
		if l.updates == 0 {
			return nil
		}
	case "shares w":
		return weighted(l.w)
	case "policy by chance":
		return weighted{rand.Float64(), 1, 1}
	case "bad policy":
		return bare(func(p []float64, _ *lepton.Observation, _ *lepton.Scratch) { clear(p) })
	}
	return weighted(append([]float64(nil), l.w...))
}

func (l *tutor) Needs() lepton.Needs {
	switch {
	case l.fault == "needs below" && l.updates == 0:
		return lepton.Needs{Others: -2}
	case l.fault == "needs change":
		return lepton.Needs{Others: int(l.updates)}
	}
	return lepton.Needs{}
}

func (l *tutor) Spec() lepton.Spec {
	if l.fault == "another spec" {
		return threeWay
	}
	return candidates
}

func (l *tutor) Kind() string { return "tutor" }

func (l *tutor) WriteTo(w io.Writer) (int64, error) {
	if l.fault == "writing draws" {
		l.source.Uint64()
	}
	var b []byte
	number := func(v uint64) { b = binary.LittleEndian.AppendUint64(b, v) }
	for _, v := range l.w {
		number(math.Float64bits(v))
	}
	number(l.observed)
	number(l.updates)
	state, _ := l.source.MarshalBinary()
	if l.fault != "forgets its source" {
		b = append(b, state...)
	}
	if l.fault != "forgets what is pending" {
		for _, t := range l.pending {
			number(math.Float64bits(t.Reward))
			for _, v := range t.Obs.Action(t.Action) {
				number(math.Float64bits(v))
			}
		}
	}
	b = binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
	n, err := w.Write(append(binary.LittleEndian.AppendUint32(nil, uint32(len(b))), b...))
	return int64(n), err
}

func (l *tutor) ReadFrom(r io.Reader) (int64, error) {
	if l.fault == "reads on" {
		b, err := io.ReadAll(r)
		return int64(len(b)), err
	}
	var size [4]byte
	if _, err := io.ReadFull(r, size[:]); err != nil {
		return 0, err
	}
	n := binary.LittleEndian.Uint32(size[:])
	if n > 1<<20 {
		return 4, errors.New("too long")
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(r, b); err != nil {
		return 4, err
	}
	end := len(b) - 4
	if l.fault != "no checksum" && (end < 40 || crc32.ChecksumIEEE(b[:end]) != binary.LittleEndian.Uint32(b[end:])) {
		return 4, errors.New("damaged")
	}
	if end < 40 {
		return 4, errors.New("short")
	}
	rest := b[:end]
	number := func() uint64 {
		v := binary.LittleEndian.Uint64(rest)
		rest = rest[8:]
		return v
	}
	for j := range l.w {
		l.w[j] = math.Float64frombits(number())
	}
	l.observed, l.updates = number(), number()
	if l.fault != "forgets its source" {
		if err := l.source.UnmarshalBinary(rest[:20]); err != nil {
			return 4, err
		}
		rest = rest[20:]
	}
	for len(rest) >= 32 {
		t := &lepton.Transition{Reward: math.Float64frombits(number())}
		t.Obs.Reset(3, 0)
		row := t.Obs.Actions().Add(0, true)
		for j := range row {
			row[j] = math.Float64frombits(number())
		}
		l.pending = append(l.pending, t)
	}
	return int64(4 + n), nil
}

func (l *tutor) DecodePolicy(_ string, r io.Reader) (lepton.Policy, error) {
	p := make(weighted, 3)
	if err := binary.Read(r, binary.LittleEndian, []float64(p)); err != nil {
		return nil, err
	}
	var sum float64
	if err := binary.Read(r, binary.LittleEndian, &sum); err != nil {
		return nil, err
	}
	if math.Float64bits(sum) != p.sum() {
		return nil, errors.New("damaged")
	}
	if l.fault == "decodes another" {
		p[0]++
	}
	return p, nil
}

// weighted is a softmax over w·row.
type weighted []float64

func (w weighted) Probs(p []float64, obs *lepton.Observation, _ *lepton.Scratch) {
	best, total := math.Inf(-1), 0.0
	for i := range p {
		p[i] = math.Inf(-1)
		if obs.Legal(i) {
			p[i] = 0
			for j, v := range obs.Action(i) {
				p[i] += w[j] * v
			}
		}
		best = max(best, p[i])
	}
	for i, v := range p {
		p[i] = math.Exp(v - best)
		total += p[i]
	}
	for i := range p {
		p[i] /= total
	}
}

func (w weighted) Kind() string { return "weighted" }

func (w weighted) sum() uint64 {
	var sum uint64
	for _, v := range w {
		sum = sum*31 + math.Float64bits(v)
	}
	return sum
}

func (w weighted) WriteTo(out io.Writer) (int64, error) {
	var buf bytes.Buffer
	for _, v := range append(append([]float64(nil), w...), math.Float64frombits(w.sum())) {
		_ = binary.Write(&buf, binary.LittleEndian, v)
	}
	return buf.WriteTo(out)
}

// slim hides the abilities of a learner.
type slim struct{ lepton.Learner }

func runLearner(factory func() lepton.Learner, o LearnerOptions) *recorder {
	return record(func(s suite) { learner(s, factory, candidates, o) })
}

func tutors(fault string) func() lepton.Learner {
	return func() lepton.Learner { return newTutor(fault) }
}

func TestLearnerPasses(t *testing.T) {
	r := runLearner(tutors(""), LearnerOptions{})
	r.mustPass(t)
	for _, want := range []string{"Needs", "Targets", "Checkpoint", "Spec", "Policy/Saves", "Snapshot"} {
		assert.Contains(t, r.ran, want)
	}
	r = runLearner(func() lepton.Learner { return slim{newTutor("")} }, LearnerOptions{Seed: 3})
	r.mustPass(t)
	assert.NotContains(t, r.ran, "Checkpoint")
	runLearner(tutors(""), LearnerOptions{Transitions: newGenerator(7, candidates).transitions(100)}).mustPass(t)
}

func TestLearnerCatches(t *testing.T) {
	keeps := []string{"Repeats", "Snapshot", "Checkpoint", "Cancelled", "Policy", "Policy/Probabilities", "Policy/Permuted"}
	steps := []string{"NoData", "Cancelled", "Learns", "Repeats", "KeepsNothing", "Snapshot", "Policy", "Needs", "Targets", "Checkpoint"}
	tests := []struct {
		fault   string
		subtest string
		what    string
		others  []string
		racy    bool // breaks its word about concurrency: not to be run under the detector
	}{
		{fault: "waits for data", subtest: "NoData", what: "Step had not returned after 150ms", others: steps},
		{fault: "ignores ctx", subtest: "Cancelled", what: "under a cancelled context had not returned", others: steps},
		{fault: "another error", subtest: "Cancelled", what: "the error is stopped"},
		{fault: "fails", subtest: "NoData", what: "singular matrix, on well-formed transitions", others: steps},
		{fault: "no policy", subtest: "NoData", what: "Policy is nil"},
		{fault: "fresh updates", subtest: "NoData", what: "0 observed and 1 updates before the first transition"},
		{fault: "needs more data", subtest: "Learns", what: "after 400 transitions 400 observed, 0 updates"},
		{fault: "counts back", subtest: "Learns", what: "before that", others: []string{"Checkpoint"}},
		{fault: "counts beyond", subtest: "Learns", what: "after 16 transitions 32 observed"},
		{fault: "by chance", subtest: "Repeats", what: "two learners of the same factory", others: []string{"KeepsNothing", "Targets", "Checkpoint"}},
		{fault: "policy by chance", subtest: "Repeats", what: "two snapshots with nothing between",
			others: []string{"KeepsNothing", "Targets", "Checkpoint"}},
		{fault: "keeps t", subtest: "KeepsNothing", what: "overwriting t after Observe changed the policy", others: append(keeps, "Learns")},
		{fault: "keeps rows", subtest: "KeepsNothing", what: "overwriting t after Observe changed the policy", others: keeps},
		{fault: "changes t", subtest: "TransitionUntouched", what: "a number beside the observations"},
		{fault: "changes obs", subtest: "TransitionUntouched", what: "0 and 3 features of an action"},
		{fault: "shares w", subtest: "Snapshot", what: "trained on, before and after", racy: true},
		{fault: "bad policy", subtest: "Policy/Probabilities", what: "they sum to 0", others: []string{"NoData", "Cancelled", "Targets", "Policy/Saves"}},
		{fault: "another spec", subtest: "Spec", what: "ActionDim is 3, not 1"},
		{fault: "needs below", subtest: "Needs", what: "Others is -2"},
		{fault: "needs change", subtest: "Needs", what: "after training"},
		{fault: "keeps target", subtest: "Targets", what: "overwriting them after the call changed the policy"},
		{fault: "changes target", subtest: "Targets", what: "target 0 changed at action"},
		{fault: "target by chance", subtest: "Targets", what: "the same targets give the same policies"},
		{fault: "forgets its source", subtest: "Checkpoint", what: "uninterrupted, and restored half way"},
		{fault: "forgets what is pending", subtest: "Checkpoint", what: "uninterrupted, and restored half way"},
		{fault: "writing draws", subtest: "Checkpoint", what: "two writings of"},
		{fault: "reads on", subtest: "Checkpoint", what: "ReadFrom says"},
		{fault: "no checksum", subtest: "Checkpoint", what: "changed: no error"},
		{fault: "decodes another", subtest: "Policy/Saves", what: "read back"},
	}
	for _, test := range tests {
		t.Run(test.fault, func(t *testing.T) {
			if test.racy && raceEnabled {
				t.Skip("breaks its word about concurrency on purpose")
			}
			o := LearnerOptions{}
			if test.fault == "waits for data" || test.fault == "ignores ctx" {
				o.Wait = 150 * time.Millisecond
			}
			runLearner(tutors(test.fault), o).mustCatch(t, test.subtest, test.what, test.others...)
		})
	}
}

func TestLearnerWithoutReadFrom(t *testing.T) {
	type half struct {
		lepton.Learner
		lepton.Saver
	}
	factory := func() lepton.Learner { l := newTutor(""); return half{l, l} }
	runLearner(factory, LearnerOptions{}).mustCatch(t, "Checkpoint", "there is no ReadFrom")
}

// A snapshot whose probabilities stand while its scores follow the learner is caught by the scores.
func TestLearnerCatchesSharedScores(t *testing.T) {
	if raceEnabled {
		t.Skip("breaks its word about concurrency on purpose")
	}
	factory := func() lepton.Learner { return slim{ranker{newTutor("")}} }
	runLearner(factory, LearnerOptions{}).mustCatch(t, "Snapshot", "scores")
}

// ranker publishes uniform policies that rank by weights shared with the learner.
type ranker struct{ *tutor }

func (r ranker) Policy() lepton.Policy { return ranked{weighted(r.w)} }

type ranked struct{ w weighted }

func (r ranked) Probs(p []float64, obs *lepton.Observation, s *lepton.Scratch) {
	weighted(make([]float64, len(r.w))).Probs(p, obs, s)
}

func (r ranked) Scores(dst []float64, obs *lepton.Observation, _ *lepton.Scratch) {
	for i := range dst {
		dst[i] = math.Inf(-1)
		if obs.Legal(i) {
			dst[i] = r.w[0] * obs.Action(i)[0]
		}
	}
}

// Writing that changes the learner, the same way each time, is seen only beside one that never wrote.
func TestLearnerCatchesWritingThatFlushes(t *testing.T) {
	factory := func() lepton.Learner { return &flusher{tutor: newTutor("")} }
	runLearner(factory, LearnerOptions{}).mustCatch(t, "Checkpoint", "never written, and written")
}

// flusher forgets half of what is pending when it is first written.
type flusher struct {
	*tutor
	written bool
}

func (l *flusher) WriteTo(w io.Writer) (int64, error) {
	if !l.written {
		l.written = true
		l.pending = l.pending[len(l.pending)/2:]
	}
	return l.tutor.WriteTo(w)
}

// What is fed follows the rules of lepton.Transition.
func TestGeneratedTransitionsAreWellFormed(t *testing.T) {
	for _, spec := range []lepton.Spec{candidates, threeWay} {
		all := newGenerator(11, spec).transitions(2000)
		seen := map[lepton.DecisionID]bool{}
		after := map[uint64]*lepton.Transition{} // the latest of each open episode
		sorts := map[string]int{}
		for _, tr := range all {
			require.False(t, seen[tr.ID])
			seen[tr.ID] = true
			require.True(t, tr.Obs.Legal(tr.Action))
			require.InDelta(t, 1/float64(tr.Obs.LegalCount()), tr.Propensity, 0)
			require.True(t, finite(tr.Reward))
			require.Equal(t, tr.Discount == 0, tr.Next.Len() == 0, "Next is empty when Discount is 0")
			if before := after[tr.Episode]; before != nil && tr.Episode != 0 {
				require.Equal(t, before.Step+1, tr.Step)
				require.Empty(t, difference(&before.Next, &tr.Obs), "Next is what was seen next")
				require.Equal(t, before.NextAction, tr.Action)
			} else {
				require.Zero(t, tr.Step)
			}
			after[tr.Episode] = tr
			switch {
			case tr.Episode == 0:
				require.True(t, tr.Last && tr.Discount == 0)
				sorts["by itself"]++
			case tr.Last && tr.Discount == 0:
				sorts["true end"]++
			case tr.Last:
				sorts["cut"]++
			default:
				sorts["on the way"]++
			}
			if tr.Last {
				require.Equal(t, -1, tr.NextAction)
				delete(after, tr.Episode)
			}
		}
		require.Len(t, sorts, 4, fmt.Sprint(sorts))
	}
}
