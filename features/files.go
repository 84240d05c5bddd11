package features

import (
	"fmt"
	"io"

	"github.com/leptonsched/lepton/internal/codec"
)

// ErrCorrupt is wrapped by every error about bytes that cannot be what this package wrote.
var ErrCorrupt = codec.ErrCorrupt

// open reads one container of the given kind, n bytes long.
func open(r io.Reader, kind string) (in *codec.Reader, n int64, err error) {
	got, payload, n, err := codec.ReadContainer(r)
	if err != nil {
		return nil, n, fmt.Errorf("features: loading: %w", err)
	}
	if got != kind {
		return nil, n, fmt.Errorf("%w: it holds %q, not %q", ErrCorrupt, got, kind)
	}
	return codec.NewReader(payload), n, nil
}
