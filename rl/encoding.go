package rl

import (
	"fmt"
	"io"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/codec"
)

// readContainer reads a container of kind want, for a caller that was told to expect asked.
func readContainer(asked, want string, r io.Reader) ([]byte, error) {
	if asked != want {
		return nil, fmt.Errorf("%w: asked for %q, want %q", ErrKind, asked, want)
	}
	kind, body, _, err := codec.ReadContainer(r)
	if err != nil {
		return nil, fmt.Errorf("rl: reading %q: %w", want, err)
	}
	if kind != want {
		return nil, fmt.Errorf("%w: found %q, want %q", ErrKind, kind, want)
	}
	return body, nil
}

// restore is how every learner implements io.ReaderFrom: read builds the new content from the body of
// the container and must leave the learner alone when it fails.
func restore(r io.Reader, want string, read func(*codec.Reader) error) (int64, error) {
	kind, body, n, err := codec.ReadContainer(r)
	switch {
	case err != nil:
		return n, fmt.Errorf("rl: reading %q: %w", want, err)
	case kind != want:
		return n, fmt.Errorf("%w: found %q, want %q", ErrKind, kind, want)
	}
	if err := read(codec.NewReader(body)); err != nil {
		return n, fmt.Errorf("rl: reading %q: %w", want, err)
	}
	return n, nil
}

func writeSpec(w *codec.Writer, s lepton.Spec) {
	w.Int(s.StateDim)
	w.Int(s.ActionDim)
	w.Int(s.Actions)
	w.Strings(s.StateNames)
	w.Strings(s.ActionNames)
}

// readAnySpec reads a Spec.
func readAnySpec(r *codec.Reader) lepton.Spec {
	return lepton.Spec{
		StateDim: r.Int(), ActionDim: r.Int(), Actions: r.Int(),
		StateNames: r.Strings(), ActionNames: r.Strings(),
	}
}

// readSpec reads a Spec, which must be able to stand for want.
func readSpec(r *codec.Reader, want lepton.Spec, who string) error {
	got := readAnySpec(r)
	if err := r.Err(); err != nil {
		return err
	}
	return got.Check(who, want)
}

func writeProgress(w *codec.Writer, p lepton.Progress) {
	w.Uint64(p.Observed)
	w.Uint64(p.Updates)
	w.Float(p.Loss)
}

func readProgress(r *codec.Reader) lepton.Progress {
	return lepton.Progress{Observed: r.Uint64(), Updates: r.Uint64(), Loss: r.Float()}
}
