package leptontest

import (
	"bytes"
	"errors"
	"math"

	"github.com/leptonsched/lepton"
)

const ofScorer = "lepton.Scorer"

// checkScorer checks the ranking behind the probabilities.
func (u *subject) checkScorer(t suite) {
	scorer, ok := u.Policy.(lepton.Scorer)
	if !ok {
		return
	}
	score := func(obs *lepton.Observation) []float64 {
		dst := filled(obs.Len(), math.NaN())
		scorer.Scores(dst, obs, new(lepton.Scratch))
		return dst
	}
	check(t, "Scores", func(s suite) {
		illegal := rule{ofScorer, "an action that is not legal scores negative infinity", "set dst[i] = math.Inf(-1) wherever !obs.Legal(i)"}
		legal := rule{ofScorer, "a legal action scores a finite number", "write every dst[i]; guard logarithms and divisions"}
		again := rule{ofScorer, "Scores is deterministic, whatever dst and scratch hold before", "as for Probs: no state in the policy, clear what scratch.Floats returns"}
		for i, obs := range u.obs {
			scores := score(obs)
			for a, v := range scores {
				switch {
				case !obs.Legal(a) && !math.IsInf(v, -1):
					illegal.broken(s, "%s: action %d scores %v", u.name(i), a, v)
					return
				case obs.Legal(a) && !finite(v):
					legal.broken(s, "%s: action %d scores %v (dst held NaN before)", u.name(i), a, v)
					return
				}
			}
			for _, scratch := range []*lepton.Scratch{dirtyScratch(math.NaN()), dirtyScratch(1e9), nil} {
				got := filled(obs.Len(), 1e9)
				scorer.Scores(got, obs, scratch)
				if a := differ(got, scores); a >= 0 {
					again.broken(s, "%s: action %d scores %v, then %v", u.name(i), a, scores[a], got[a])
					return
				}
			}
		}
	})
	check(t, "ScoresConcurrent", func(s suite) { u.checkConcurrent(s, ofScorer, score) })
	if u.spec.Actions == 0 {
		check(t, "ScoresPermuted", func(s suite) { u.checkPermuted(s, ofScorer, score) })
	}
}

// checkBatch compares many at once with one by one.
func (u *subject) checkBatch(t suite) {
	batch, ok := u.Policy.(lepton.BatchPolicy)
	if !ok {
		return
	}
	check(t, "Batch", func(s suite) {
		r := rule{"lepton.BatchPolicy", "ProbsBatch gives the bits that Probs gives one by one",
			"use the same kernel and the same order of summation for both, and write every p[i]"}
		for _, span := range [][2]int{{0, 0}, {0, 1}, {1, 3}, {0, len(u.obs)}} {
			obs := u.obs[span[0]:max(span[0], min(span[1], len(u.obs)))]
			p := make([][]float64, len(obs))
			for i := range p {
				p[i] = filled(obs[i].Len(), math.NaN())
			}
			batch.ProbsBatch(p, obs, dirtyScratch(math.NaN()))
			for i := range p {
				want := u.probs(obs[i])
				if a := differ(p[i], want); a >= 0 {
					r.broken(s, "%s, in a batch of %d: action %d gets %v, alone %v", u.name(span[0]+i), len(obs), a, p[i][a], want[a])
					return
				}
			}
		}
	})
}

// checkSaver writes the policy and, where a decoder is given, reads it back.
func (u *subject) checkSaver(t suite) {
	saver, ok := u.Policy.(lepton.Saver)
	if !ok {
		return
	}
	check(t, "Saves", func(s suite) {
		data := checkWrites(s, saver)
		if u.o.Decode == nil || data == nil {
			return
		}
		r := rule{"lepton.PolicyDecoder", "a policy read back answers to the same bits",
			"write every number that an answer depends on, floats by their bits"}
		back, err := u.o.Decode(saver.Kind(), bytes.NewReader(data))
		if err != nil {
			r.broken(s, "%v", err)
			return
		}
		for i, obs := range u.obs {
			got := filled(obs.Len(), math.NaN())
			back.Probs(got, obs, nil)
			if want := u.probs(obs); differ(got, want) >= 0 {
				a := differ(got, want)
				r.broken(s, "%s: action %d gets %v, read back %v", u.name(i), a, want[a], got[a])
				return
			}
		}
		checkHostile(s, data, func(b []byte) error {
			_, err := u.o.Decode(saver.Kind(), bytes.NewReader(b))
			return err
		})
	})
}

var errFull = errors.New("leptontest: the writer is full")

// fullWriter takes room bytes and then fails.
type fullWriter struct{ room int }

func (w *fullWriter) Write(p []byte) (int, error) {
	n := min(len(p), w.room)
	w.room -= n
	if n < len(p) {
		return n, errFull
	}
	return n, nil
}

// checkWrites checks the writing half of a Saver and returns what it wrote, nil after a fault.
func checkWrites(s suite, saver lepton.Saver) []byte {
	r := rule{"lepton.Saver", "WriteTo writes the same bytes every time, counts them, and passes the writer's error on; Kind names the format",
		"write fields in a fixed order (sort a map's keys first), no time stamps; return the bytes written and the error, wrapped"}
	if kind, again := saver.Kind(), saver.Kind(); kind == "" || kind != again {
		r.broken(s, "Kind is %q, then %q", kind, again)
	}
	var first, second bytes.Buffer
	for _, buf := range []*bytes.Buffer{&first, &second} {
		n, err := saver.WriteTo(buf)
		if err != nil || n != int64(buf.Len()) {
			r.broken(s, "%d bytes arrived, WriteTo says %d and error %v", buf.Len(), n, err)
			return nil
		}
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		r.broken(s, "two writings of %d and %d bytes differ", first.Len(), second.Len())
		return nil
	}
	if half := first.Len() / 2; first.Len() > 0 {
		if n, err := saver.WriteTo(&fullWriter{half}); !errors.Is(err, errFull) || n > int64(half) {
			r.broken(s, "a writer that took %d bytes and failed: WriteTo says %d and error %v", half, n, err)
		}
	}
	return first.Bytes()
}

// checkHostile cuts and flips data in many places; decode must return an error each time.
func checkHostile(s suite, data []byte, decode func([]byte) error) {
	r := rule{"lepton.Saver", "a file that was cut or changed is an error, never silence and never a panic",
		"close the format with a checksum over all of it, and check lengths before reading or allocating"}
	step := max(1, len(data)/64)
	for at := 0; at < len(data); at += step {
		if decode(bytes.Clone(data[:at])) == nil {
			r.broken(s, "cut at byte %d of %d: no error", at, len(data))
			return
		}
		flipped := bytes.Clone(data)
		flipped[at] ^= 0x10
		if decode(flipped) == nil {
			r.broken(s, "byte %d of %d changed: no error", at, len(data))
			return
		}
	}
}
