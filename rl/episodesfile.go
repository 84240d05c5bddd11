package rl

import (
	"container/list"
	"fmt"
	"slices"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/codec"
	"github.com/leptonsched/lepton/replay"
)

func (a *assembler) write(w *codec.Writer) {
	for _, n := range [...]uint64{a.clock, a.dropped, a.duplicate, a.gaps} {
		w.Uint64(n)
	}
	for _, in := range [...]*list.List{&a.running, &a.ended, &a.spent} {
		w.Int(in.Len())
		for e := in.Front(); e != nil; e = e.Next() {
			e.Value.(*stream).write(w)
		}
	}
}

func (s *stream) write(w *codec.Writer) {
	w.Uint64(s.key.episode)
	w.Uint32(s.key.agent)
	w.Int(s.from)
	w.Uint64(s.newest.Instance)
	w.Uint64(s.newest.Seq)
	w.Int(s.last)
	w.Uint64(s.latest)
	w.Int(len(s.steps))
	for _, t := range s.steps {
		w.Blob(replay.AppendTransition(nil, t))
	}
}

// read fills an empty assembler with what write wrote. Steps must pass check.
func (a *assembler) read(r *codec.Reader, check func(*lepton.Transition) bool) error {
	a.clock, a.dropped, a.duplicate, a.gaps = r.Uint64(), r.Uint64(), r.Uint64(), r.Uint64()
	for _, in := range [...]*list.List{&a.running, &a.ended, &a.spent} {
		for range r.Count(8) {
			s, err := readStream(r)
			if err != nil {
				return err
			}
			if !a.admits(s, in) || slices.ContainsFunc(s.steps, func(t *lepton.Transition) bool { return !check(t) }) {
				r.Fail("an episode that cannot be")
				return r.Err()
			}
			a.held += len(s.steps)
			a.enter(s, in)
		}
	}
	if max(a.open(), a.spent.Len()) > a.maxStreams || a.held > a.maxSteps {
		r.Fail("more open episodes than there is room for")
	}
	return r.Err()
}

// admits reports whether s, which was read, could be in that list.
func (a *assembler) admits(s *stream, in *list.List) bool {
	if s.key.episode == 0 || a.streams[s.key] != nil || s.latest > a.clock || s.from < 0 {
		return false
	}
	waits := len(s.steps) > 0
	switch in {
	case &a.running:
		if !waits || s.last != -1 {
			return false
		}
	case &a.ended:
		if !waits || s.last < 0 || s.whole() {
			return false
		}
	default:
		if waits || s.last != -1 && s.last+1 != s.from {
			return false
		}
	}
	for i, t := range s.steps {
		if t.Step < s.from || i > 0 && t.Step <= s.steps[i-1].Step || s.last >= 0 && t.Step > s.last ||
			(streamKey{t.Episode, t.Agent}) != s.key {
			return false
		}
	}
	return true
}

func readStream(r *codec.Reader) (*stream, error) {
	s := &stream{
		key: streamKey{r.Uint64(), r.Uint32()}, from: r.Int(),
		newest: lepton.DecisionID{Instance: r.Uint64(), Seq: r.Uint64()}, last: r.Int(), latest: r.Uint64(),
	}
	for range r.Count(8) {
		blob := r.Blob()
		if err := r.Err(); err != nil {
			return nil, err
		}
		t := new(lepton.Transition)
		if err := replay.ReadTransition(t, blob); err != nil {
			return nil, fmt.Errorf("rl: an open episode: %w", err)
		}
		s.steps = append(s.steps, t)
	}
	return s, r.Err()
}
