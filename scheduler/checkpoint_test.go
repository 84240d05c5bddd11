package scheduler

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"runtime"
	"testing"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/codec"
	"github.com/leptonsched/lepton/internal/simd"
	"github.com/leptonsched/lepton/policy"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var rewrite = flag.Bool("rewrite", false, "write golden files anew")

// goldens are the files of every version so far, the present one last.
var goldens = []string{"testdata/checkpoint.v1.lept", "testdata/checkpoint.v2.lept"}

// goldenFile returns the checkpoint of a driver in the middle of everything.
func goldenFile(t testing.TB) []byte {
	d := newDriver(t, 2026)
	d.run(700)
	var file bytes.Buffer
	require.NoError(t, d.s.Checkpoint(&file))
	return file.Bytes()
}

func TestGoldenCheckpointsStayReadable(t *testing.T) {
	if *rewrite {
		require.NoError(t, os.WriteFile(goldens[len(goldens)-1], goldenFile(t), 0o644))
	}
	for _, golden := range goldens {
		file, err := os.ReadFile(golden)
		require.NoError(t, err)
		c := newClock()
		s, err := New(drivenOptions(c))
		require.NoError(t, err)
		require.NoError(t, s.Restore(bytes.NewReader(file)))
		st := s.Stats()
		requireAddsUp(t, st)
		assert.Equal(t, Live, st.Mode)
		for what, n := range map[string]uint64{
			"decisions": st.Decisions, "open": uint64(st.Open), "waiting": uint64(st.Waiting), "queued": uint64(st.Queued),
			"learned": st.Learned, "evicted": st.Evicted, "version": st.Version, "episodes": uint64(len(s.episodes.order)), "probes": uint64(s.probes.next),
		} {
			assert.Positive(t, n, "%s holds %s", golden, what)
		}
		decide(t, s, poolOf(3))
		train(t, s)
	}
}

// A snapshot that was restored and then replaced is written as in a life that was not interrupted.
func TestRestoredSnapshotsKeepWhenTheyWentLive(t *testing.T) {
	var files [2]bytes.Buffer
	a := start(t, func(o *Options[pool, float64]) { o.Mode, o.Decode = Live, policy.Decode })
	publish := func(s *Scheduler[pool, float64]) {
		for range 5 {
			decide(t, s, poolOf(3))
		}
		_, err := s.SetPolicy(policy.Uniform())
		require.NoError(t, err)
	}
	publish(a)
	publish(a)
	var file bytes.Buffer
	require.NoError(t, a.Checkpoint(&file))
	b := start(t, func(o *Options[pool, float64]) { o.Mode, o.Decode = Live, policy.Decode })
	require.NoError(t, b.Restore(&file))
	for i, s := range []*Scheduler[pool, float64]{a, b} {
		publish(s)
		require.NoError(t, s.Checkpoint(&files[i]))
	}
	assert.True(t, bytes.Equal(files[0].Bytes(), files[1].Bytes()))
}

func TestRestoreTellsOfAnotherKernelLevel(t *testing.T) {
	kind, payload, _, err := codec.ReadContainer(bytes.NewReader(goldenFile(t)))
	require.NoError(t, err)
	level := []byte(simd.Current().String())
	require.Equal(t, 1, bytes.Count(payload, level))
	other := bytes.Replace(payload, level, bytes.Repeat([]byte("x"), len(level)), 1)
	var file, told bytes.Buffer
	_, err = codec.WriteContainer(&file, kind, other)
	require.NoError(t, err)
	o := drivenOptions(newClock())
	o.Logger = slog.New(slog.NewTextHandler(&told, nil))
	s, err := New(o)
	require.NoError(t, err)
	require.NoError(t, s.Restore(&file))
	assert.Contains(t, told.String(), "another kernel level")
	assert.Equal(t, string(level), s.Stats().Kernels)
}

func TestCheckpointThatDoesNotFitIsRefused(t *testing.T) {
	file := goldenFile(t)
	tests := []struct {
		name   string
		file   []byte
		change func(o *Options[pool, float64])
		want   string
	}{
		{"another seed", file, func(o *Options[pool, float64]) { o.Seed = 12 }, "made under seed 11"},
		{"another instance", file, func(o *Options[pool, float64]) { o.Instance = 9 }, "instance 3"},
		{"a ledger too small", file, func(o *Options[pool, float64]) { o.MaxOpen = 1 }, "does not fit MaxOpen 1"},
		{"a queue too small", file, func(o *Options[pool, float64]) { o.QueueLen = 1 }, "QueueLen 1"},
		{"lists too few", file, func(o *Options[pool, float64]) { o.MaxRanked = 1 }, "a ranked list at place"},
		{"lists too short", file, func(o *Options[pool, float64]) { o.MaxActions = 1 }, "an observation of"},
		{"other features", file, func(o *Options[pool, float64]) { o.Actions = fixedPool{} }, "Actions is"},
		{"no learner", file, func(o *Options[pool, float64]) { o.Learner = nil }, "nobody decodes"},
		{"another learner", file, func(o *Options[pool, float64]) { o.Learner = &recorder{} }, "learner of kind \"test.tally\""},
		{"empty", nil, nil, "header"},
		{"not ours", []byte("a text file of some length, and no checkpoint"), nil, "not a Lepton file"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := newClock()
			o := drivenOptions(c)
			if test.change != nil {
				test.change(&o)
			}
			s, err := New(o)
			require.NoError(t, err)
			decide(t, s, poolOf(3))
			before := s.Stats()
			err = s.Restore(bytes.NewReader(test.file))
			require.ErrorIs(t, err, ErrCheckpoint)
			require.ErrorContains(t, err, test.want)
			require.Equal(t, before, s.Stats(), "the scheduler is as it was")
		})
	}
	t.Run("of something else", func(t *testing.T) {
		var other bytes.Buffer
		_, err := codec.WriteContainer(&other, "lepton.cake", nil)
		require.NoError(t, err)
		require.ErrorContains(t, start(t, nil).Restore(&other), "lepton.cake")
	})
	t.Run("features by name", func(t *testing.T) {
		var file bytes.Buffer
		require.NoError(t, start(t, func(o *Options[pool, float64]) { o.Encoder = named{"hour"} }).Checkpoint(&file))
		err := start(t, func(o *Options[pool, float64]) { o.Encoder = named{"minute"} }).Restore(&file)
		var spec *lepton.SpecError
		require.ErrorAs(t, err, &spec)
		assert.Equal(t, []string{"state minute"}, spec.Added)
		assert.Equal(t, []string{"state hour"}, spec.Dropped)
	})
}

type named struct{ name string }

func (named) StateDim() int                               { return 1 }
func (named) AppendState(dst []float64, s pool) []float64 { return append(dst, s.hour) }
func (n named) FeatureNames() []string                    { return []string{n.name} }

func TestCheckpointThatCannotBeWritten(t *testing.T) {
	full := errors.New("disk full")
	c := newClock()
	s, err := New(drivenOptions(c))
	require.NoError(t, err)
	err = s.Checkpoint(brokenWriter{full})
	require.ErrorIs(t, err, ErrCheckpoint)
	require.ErrorIs(t, err, full)
	_, err = s.SetPolicy(always(1))
	require.NoError(t, err)
	require.ErrorContains(t, s.Checkpoint(io.Discard), "is no lepton.Saver")
	forgetful := start(t, func(o *Options[pool, float64]) { o.Learner, o.Policy = &store{}, &tallyPolicy{} })
	require.ErrorIs(t, forgetful.Checkpoint(io.Discard), ErrCheckpoint)
}

type brokenWriter struct{ err error }

func (w brokenWriter) Write([]byte) (int, error) { return 0, w.err }

// Policies of package policy need no learner to be read back.
func TestRestoreAsksDecode(t *testing.T) {
	linear, err := policy.NewLinear(lepton.Spec{StateDim: 1, ActionDim: 3}, []float64{0, 1, 0, 0}, []float64{0})
	require.NoError(t, err)
	change := func(o *Options[pool, float64]) {
		o.Policy, o.Mode, o.Decode = policy.Greedy(linear), Live, policy.Decode
	}
	s := start(t, change)
	var file bytes.Buffer
	require.NoError(t, s.Checkpoint(&file))
	twin := start(t, func(o *Options[pool, float64]) { change(o); o.Policy = nil })
	require.NoError(t, twin.Restore(bytes.NewReader(file.Bytes())))
	for n := 1; n < 9; n++ {
		require.Equal(t, decide(t, s, poolOf(n)), decide(t, twin, poolOf(n)))
	}
	for name, decode := range map[string]func(string, io.Reader) (lepton.Policy, error){
		"panics": func(string, io.Reader) (lepton.Policy, error) { panic("decoder") },
		"none":   func(string, io.Reader) (lepton.Policy, error) { return nil, nil },
		"fails":  func(string, io.Reader) (lepton.Policy, error) { return nil, errors.New("no") },
	} {
		s := start(t, func(o *Options[pool, float64]) { change(o); o.Decode = decode })
		require.ErrorIs(t, s.Restore(bytes.NewReader(file.Bytes())), ErrCheckpoint, name)
		require.Equal(t, uint64(1), s.Stats().Version, "the scheduler is as it was")
	}
}

// Fewer snapshots wanted than a checkpoint holds: the latest stay, and the one that decides.
func TestRestoreKeepsNoMoreSnapshotsThanAsked(t *testing.T) {
	c := newClock()
	s, err := New(drivenOptions(c))
	require.NoError(t, err)
	for range 5 {
		train(t, s)
	}
	require.NoError(t, s.Rollback(3))
	var file bytes.Buffer
	require.NoError(t, s.Checkpoint(&file))
	o := drivenOptions(c)
	o.Snapshots = 2
	twin, err := New(o)
	require.NoError(t, err)
	require.NoError(t, twin.Restore(&file))
	require.ErrorContains(t, twin.Rollback(99), "[3 6]")
	require.Equal(t, uint64(3), twin.Stats().Version)
}

// What an earlier decision left in a slot is not written.
func TestCheckpointHoldsNothingOfEndedDecisions(t *testing.T) {
	size := func(used bool) int {
		c := newClock()
		o := drivenOptions(c)
		o.MaxOpen, o.Key, o.Holdout, o.Explore = 1, nil, 0, Explore{}
		s, err := New(o)
		require.NoError(t, err)
		if used {
			ep, err := s.Episode(lepton.CreditOptions{Gamma: 1})
			require.NoError(t, err)
			_, err = ep.Decide(poolOf(12))
			require.NoError(t, err)
			require.NoError(t, ep.Cut(poolOf(12)))
		}
		s.SetMode(Off)
		decide(t, s, poolOf(12))
		var file bytes.Buffer
		require.NoError(t, s.Checkpoint(&file))
		return file.Len()
	}
	require.Equal(t, size(false), size(true))
}

// reseal puts payload into a container that checks out, so that a fuzzer gets past the checksum.
func reseal(t testing.TB, payload []byte) []byte {
	var file bytes.Buffer
	_, err := codec.WriteContainer(&file, kindCheckpoint, payload)
	require.NoError(t, err)
	return file.Bytes()
}

// allocated returns the bytes that f allocates, all told.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// restoreHostile restores payload and demands an error or a scheduler that works, without a panic, and
// with the scheduler as it was after an error.
func restoreHostile(t testing.TB, payload []byte) {
	c := newClock()
	s, err := New(drivenOptions(c))
	require.NoError(t, err)
	before := s.Stats()
	file := reseal(t, payload)
	var restoreErr error
	cost := allocated(func() { restoreErr = s.Restore(bytes.NewReader(file)) })
	own := allocated(func() { newLedger(s.opt.MaxOpen); newQueue(s.opt.QueueLen); newRankedLists(s.opt.MaxRanked) })
	// TotalAlloc counts what was thrown away at once as well, and what other goroutines of the fuzzer do.
	require.Less(t, cost, own+uint64(12*len(file)+256<<10), "bytes allocated for a file of %d", len(file))
	if restoreErr != nil {
		require.ErrorIs(t, restoreErr, ErrCheckpoint)
		require.Equal(t, before, s.Stats())
		return
	}
	s.SetMode(Live)
	for i := range 40 {
		d := decide(t, s, poolOf(1+i%5))
		if i%2 == 0 {
			_ = s.Report(d.ID, 1)
		}
	}
	for id := range uint64(4) {
		if ep, err := s.Episode(lepton.CreditOptions{ID: id}); err == nil {
			_ = ep.End()
		}
	}
	_, err = s.Train(t.Context())
	if err != nil && !errors.Is(err, ErrLearner) && !errors.Is(err, ErrPolicy) {
		t.Fatal(err)
	}
	s.Recent(nil)
	require.NoError(t, s.Checkpoint(io.Discard))
}

func FuzzRestore(f *testing.F) {
	kind, payload, _, err := codec.ReadContainer(bytes.NewReader(goldenFile(f)))
	require.NoError(f, err)
	require.Equal(f, kindCheckpoint, kind)
	f.Add(payload)
	f.Add([]byte{})
	f.Add(payload[:len(payload)/2])
	small, err := New(drivenOptions(newClock()))
	require.NoError(f, err)
	var file bytes.Buffer
	require.NoError(f, small.Checkpoint(&file))
	_, payload, _, err = codec.ReadContainer(&file)
	require.NoError(f, err)
	f.Add(payload)
	f.Fuzz(func(t *testing.T, payload []byte) { restoreHostile(t, payload) })
}

// What the fuzzer does, in the small and every time: each byte of a checkpoint changed in turn, and cuts.
func TestRestoreOfDamagedCheckpoints(t *testing.T) {
	_, payload, _, err := codec.ReadContainer(bytes.NewReader(goldenFile(t)))
	require.NoError(t, err)
	source := rand.New(rand.NewPCG(14, 1))
	for range size(400, 20_000) {
		damaged := bytes.Clone(payload)
		switch at := source.IntN(len(damaged)); source.IntN(3) {
		case 0:
			damaged[at] ^= 1 << source.IntN(8)
		case 1:
			damaged[at] = byte(source.Uint32())
		case 2:
			damaged = damaged[:at]
		}
		restoreHostile(t, damaged)
	}
}

func TestCheckpointCutOrFlippedAnywhereIsAnError(t *testing.T) {
	file := goldenFile(t)
	c := newClock()
	s, err := New(drivenOptions(c))
	require.NoError(t, err)
	for at := 0; at < len(file); at += 1 + len(file)/500 {
		flipped := bytes.Clone(file)
		flipped[at] ^= 0x10
		require.ErrorIs(t, s.Restore(bytes.NewReader(flipped)), ErrCheckpoint, "flipped at %d", at)
		require.ErrorIs(t, s.Restore(bytes.NewReader(file[:at])), ErrCheckpoint, "cut at %d", at)
	}
}
