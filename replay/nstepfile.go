package replay

import (
	"fmt"
	"io"

	"github.com/leptonsched/lepton/internal/codec"
)

const nStepKind = "replay.nstep"

// WriteTo writes the open streams and the counts. Writing twice gives the same bytes.
func (n *NStep) WriteTo(w io.Writer) (int64, error) {
	var out codec.Writer
	out.Int(n.o.N)
	out.Int(n.o.MaxStreams)
	out.Uint64(n.gaps)
	out.Uint64(n.evicted)
	out.Int(n.order.Len())
	var item []byte
	for at := n.order.Front(); at != nil; at = at.Next() {
		s := at.Value.(*stream)
		out.Uint64(s.key.episode)
		out.Uint32(s.key.agent)
		out.Int(s.size)
		for i := range s.size {
			item = AppendTransition(item[:0], s.at(i))
			out.Blob(item)
		}
	}
	total, err := codec.WriteContainer(w, nStepKind, out.Bytes())
	if err != nil {
		return total, fmt.Errorf("replay: saving n-step streams: %w", err)
	}
	return total, nil
}

// ReadFrom continues where WriteTo was called, on an NStep with the same options. On an error n stays
// as it was.
func (n *NStep) ReadFrom(src io.Reader) (int64, error) {
	in, total, err := open(src, nStepKind)
	if err != nil {
		return total, err
	}
	if o := (NStepOptions{N: in.Int(), MaxStreams: in.Int()}); in.Err() == nil && o != n.o {
		return total, fmt.Errorf("%w: %+v, not %+v", ErrSettings, o, n.o)
	}
	read, err := NewNStep(n.o)
	if err != nil {
		return total, err
	}
	read.gaps, read.evicted = in.Uint64(), in.Uint64()
	streams := in.Count(20)
	if streams > n.o.MaxStreams {
		in.Fail("%d open streams of at most %d", streams, n.o.MaxStreams)
	}
	for range streams {
		if in.Err() != nil {
			break
		}
		if err := read.readStream(in); err != nil {
			return total, err
		}
	}
	if err := in.Close(); err != nil {
		return total, fmt.Errorf("replay: loading n-step streams: %w", err)
	}
	*n = *read
	return total, nil
}

func (n *NStep) readStream(in *codec.Reader) error {
	key := streamKey{in.Uint64(), in.Uint32()}
	size := in.Count(8)
	if size < 1 || size >= n.o.N {
		in.Fail("%d transitions in a window of %d", size, n.o.N)
	}
	if n.open[key] != nil {
		in.Fail("stream %d/%d twice", key.episode, key.agent)
	}
	if in.Err() != nil {
		return nil // ReadFrom reports it
	}
	s := n.begin(key, nil).Value.(*stream)
	for range size {
		item := in.Blob()
		if in.Err() != nil {
			return nil
		}
		s.size++
		t := s.at(s.size - 1)
		if err := ReadTransition(t, item); err != nil {
			return err
		}
		if t.Episode != key.episode || t.Agent != key.agent || s.size > 1 && t.Step != s.at(s.size-2).Step+1 {
			in.Fail("step %d of %d/%d in the window of %d/%d", t.Step, t.Episode, t.Agent, key.episode, key.agent)
		}
	}
	return nil
}
