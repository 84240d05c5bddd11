package features

import (
	"bytes"
	"fmt"
	"io"

	"github.com/leptonsched/lepton"
)

// Decoder reads back a ScaledPolicy, and leaves every other kind to Inner: with Inner set to policy.Decode,
// its DecodePolicy serves as scheduler's Options.Decode. It is a lepton.PolicyDecoder.
type Decoder struct {
	// Inner reads the policy behind the scalers, and all that is no ScaledPolicy; nil refuses them.
	Inner func(kind string, r io.Reader) (lepton.Policy, error)
}

// DecodePolicy implements lepton.PolicyDecoder. It reads no further than a ScaledPolicy's end. An error about
// damaged data wraps ErrCorrupt, or is Inner's.
func (d Decoder) DecodePolicy(kind string, r io.Reader) (lepton.Policy, error) {
	if kind != scaledPolicyKind {
		return d.inner(kind, r)
	}
	s, _, err := load(r, scaledPolicyKind)
	if err != nil {
		return nil, err
	}
	if s.kind == scaledPolicyKind {
		return nil, fmt.Errorf("%w: a policy that is scaled twice", ErrCorrupt)
	}
	in := bytes.NewReader(s.body)
	p, err := d.inner(s.kind, in)
	if err != nil {
		return nil, err
	}
	if in.Len() > 0 {
		return nil, fmt.Errorf("%w: %d bytes too many after %q", ErrCorrupt, in.Len(), s.kind)
	}
	if err := checkInner(p, s.scaling); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return newScaledPolicy(p, s.scaling), nil
}

func (d Decoder) inner(kind string, r io.Reader) (lepton.Policy, error) {
	if d.Inner == nil {
		return nil, fmt.Errorf("features: nobody decodes a policy of kind %q", kind)
	}
	return d.Inner(kind, r)
}
