package supervised

import (
	"fmt"
	"io"
)

// lineLimiter refuses to deliver more than one line may take between two resets. The csv reader
// buffers what it has read ahead, so a line may pass the limit by that buffer, never by more.
type lineLimiter struct {
	r         io.Reader
	max, left int
}

func (l *lineLimiter) reset() { l.left = l.max }

func (l *lineLimiter) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, fmt.Errorf("%w: %d bytes", ErrTooLong, l.max)
	}
	if len(p) > l.left {
		p = p[:l.left]
	}
	n, err := l.r.Read(p)
	l.left -= n
	return n, err
}
