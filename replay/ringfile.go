package replay

import (
	"errors"
	"fmt"
	"io"

	"github.com/leptonsched/lepton/internal/codec"
)

// ErrCorrupt is wrapped by every error about bytes that cannot be what this package wrote.
var ErrCorrupt = codec.ErrCorrupt

// ErrSettings is wrapped by the error about a file that was saved with another capacity, n or the
// like, or that holds something else.
var ErrSettings = errors.New("replay: saved under other settings")

const ringKind = "replay.ring"

// Save writes the contents to w, each item as encode appends it to dst; AppendTransition is one such.
// Saving twice writes the same bytes.
func (r *Ring[T]) Save(w io.Writer, encode func(dst []byte, v *T) []byte) (int64, error) {
	var out codec.Writer
	out.Int(r.Cap())
	out.Uint64(r.overwritten)
	out.Int(r.size)
	var item []byte
	for i := range r.size {
		item = encode(item[:0], r.At(i))
		out.Blob(item)
	}
	n, err := codec.WriteContainer(w, ringKind, out.Bytes())
	if err != nil {
		return n, fmt.Errorf("replay: saving a ring: %w", err)
	}
	return n, nil
}

// Load replaces the contents by what Save wrote, and returns the number of bytes it took from src.
// decode fills a zero v from the bytes of one item, of which it must keep none; ReadTransition is one
// such. On an error the ring stays as it was.
func (r *Ring[T]) Load(src io.Reader, decode func(v *T, item []byte) error) (int64, error) {
	in, n, err := open(src, ringKind)
	if err != nil {
		return n, err
	}
	if capacity := in.Int(); in.Err() == nil && capacity != r.Cap() {
		return n, fmt.Errorf("%w: a ring of capacity %d, not %d", ErrSettings, capacity, r.Cap())
	}
	overwritten := in.Uint64()
	size := in.Count(8)
	if size > r.Cap() {
		in.Fail("%d items in a ring of %d", size, r.Cap())
	}
	if err := in.Err(); err != nil {
		return n, fmt.Errorf("replay: loading a ring: %w", err)
	}
	items := make([]T, r.Cap())
	for i := range size {
		item := in.Blob()
		if in.Err() != nil {
			break
		}
		if err := decode(&items[i], item); err != nil {
			return n, fmt.Errorf("replay: loading item %d of a ring: %w", i, err)
		}
	}
	if err := in.Close(); err != nil {
		return n, fmt.Errorf("replay: loading a ring: %w", err)
	}
	*r = Ring[T]{items: items, size: size, overwritten: overwritten}
	return n, nil
}

// open reads one container of the given kind.
func open(src io.Reader, kind string) (*codec.Reader, int64, error) {
	got, payload, n, err := codec.ReadContainer(src)
	if err != nil {
		return nil, n, fmt.Errorf("replay: loading: %w", err)
	}
	if got != kind {
		return nil, n, fmt.Errorf("%w: it holds %q, not %q", ErrSettings, got, kind)
	}
	return codec.NewReader(payload), n, nil
}
