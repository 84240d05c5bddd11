package codec

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

const (
	magic      = "LEPT"
	version    = 1
	maxKind    = 256      // bytes
	maxPayload = 1 << 32  // bytes; what a container may claim to hold
	firstChunk = 32 << 10 // bytes
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// WriteContainer writes payload to w under kind: magic, format version, kind, length, payload, CRC32C
// of all before it. It returns the number of bytes written. A kind above 256 bytes and a payload above
// 4 GiB are refused, because they could not be read back.
func WriteContainer(w io.Writer, kind string, payload []byte) (int64, error) {
	if len(kind) > maxKind || uint64(len(payload)) > maxPayload {
		return 0, fmt.Errorf("codec: a kind of %d and a payload of %d bytes do not fit a container", len(kind), len(payload))
	}
	var head Writer
	head.raw([]byte(magic))
	head.Uint32(version)
	head.String(kind)
	head.Int(len(payload))
	sum := crc32.Update(crc32.Checksum(head.b, castagnoli), castagnoli, payload)
	var total int64
	for _, part := range [][]byte{head.b, payload, binary.LittleEndian.AppendUint32(nil, sum)} {
		n, err := w.Write(part)
		total += int64(n)
		if err != nil {
			return total, fmt.Errorf("codec: writing %s: %w", kind, err)
		}
	}
	return total, nil
}

// ReadContainer reads one container from r, not a byte more, and returns its kind, its payload and the
// bytes consumed. Memory grows with what r really delivers, not with what the header claims. Errors
// name the place: ErrCorrupt, ErrVersion, or what r itself reported.
func ReadContainer(r io.Reader) (kind string, payload []byte, n int64, err error) {
	c := &containerReader{r: r}
	kind, payload, err = c.read()
	if err != nil {
		return "", nil, c.n, err
	}
	return kind, payload, c.n, nil
}

// containerReader counts and sums the bytes of one container.
type containerReader struct {
	r   io.Reader
	n   int64
	sum uint32
}

func (c *containerReader) read() (kind string, payload []byte, err error) {
	var head [16]byte
	if err := c.fill(head[:], "the header"); err != nil {
		return "", nil, err
	}
	if string(head[:4]) != magic {
		return "", nil, fmt.Errorf("%w: not a Lepton file (no %q at byte 0)", ErrCorrupt, magic)
	}
	switch v := binary.LittleEndian.Uint32(head[4:]); {
	case v > version:
		return "", nil, fmt.Errorf("%w: format %d at byte 4, known up to %d", ErrVersion, v, version)
	case v == 0:
		return "", nil, fmt.Errorf("%w: format 0 at byte 4", ErrCorrupt)
	}
	kindLen := binary.LittleEndian.Uint64(head[8:])
	if kindLen > maxKind {
		return "", nil, fmt.Errorf("%w: a kind of %d bytes at byte 8", ErrCorrupt, kindLen)
	}
	name := make([]byte, kindLen)
	if err := c.fill(name, "the kind"); err != nil {
		return "", nil, err
	}
	var size [8]byte
	if err := c.fill(size[:], "the length"); err != nil {
		return "", nil, err
	}
	length := binary.LittleEndian.Uint64(size[:])
	if length > maxPayload {
		return "", nil, fmt.Errorf("%w: a payload of %d bytes at byte %d", ErrCorrupt, length, c.n-8)
	}
	if payload, err = c.payload(length); err != nil {
		return "", nil, err
	}
	want, at := c.sum, c.n
	var tail [4]byte
	if err := c.fill(tail[:], "the checksum"); err != nil {
		return "", nil, err
	}
	if got := binary.LittleEndian.Uint32(tail[:]); got != want {
		return "", nil, fmt.Errorf("%w: checksum of %q at byte %d is %08x, bytes 0 to %d give %08x", ErrCorrupt, name, at, got, at, want)
	}
	return string(name), payload, nil
}

// payload reads length bytes in chunks that double, so that a false length costs at most twice what r
// delivers, and joins them at the end.
func (c *containerReader) payload(length uint64) ([]byte, error) {
	var chunks [][]byte
	for left, size := length, uint64(firstChunk); left > 0; size *= 2 {
		chunk := make([]byte, min(left, size))
		if err := c.fill(chunk, "the payload"); err != nil {
			return nil, err
		}
		chunks = append(chunks, chunk)
		left -= uint64(len(chunk))
	}
	if len(chunks) == 1 {
		return chunks[0], nil
	}
	whole := make([]byte, 0, length)
	for _, chunk := range chunks {
		whole = append(whole, chunk...)
	}
	return whole, nil
}

// fill reads len(p) bytes, which belong to what.
func (c *containerReader) fill(p []byte, what string) error {
	n, err := io.ReadFull(c.r, p)
	c.n += int64(n)
	c.sum = crc32.Update(c.sum, castagnoli, p[:n])
	switch {
	case err == nil:
		return nil
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%w: ends inside %s at byte %d", ErrCorrupt, what, c.n)
	}
	return fmt.Errorf("codec: reading %s at byte %d: %w", what, c.n, err)
}
