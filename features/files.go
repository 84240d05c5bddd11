package features

import (
	"fmt"
	"io"

	"github.com/leptonsched/lepton/internal/codec"
)

// ErrCorrupt is wrapped by every error about bytes that cannot be what this package wrote.
var ErrCorrupt = codec.ErrCorrupt

// open reads one container of the given kind.
func open(r io.Reader, kind string) (*codec.Reader, error) {
	got, payload, _, err := codec.ReadContainer(r)
	if err != nil {
		return nil, fmt.Errorf("features: loading: %w", err)
	}
	if got != kind {
		return nil, fmt.Errorf("%w: it holds %q, not %q", ErrCorrupt, got, kind)
	}
	return codec.NewReader(payload), nil
}
