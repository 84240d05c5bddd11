// Package codec reads and writes Lepton's files: explicit little-endian fields inside a container
// with magic, format version, kind, length and checksum.
//
// A Reader works on a slice that is already in memory and checks every length against what is left
// before it allocates, so that a hostile file costs no more than its own size.
package codec

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
)

// ErrCorrupt is wrapped by every error about bytes that cannot be what a Writer wrote.
var ErrCorrupt = errors.New("codec: corrupt data")

// ErrVersion is returned for a container of a newer format than this library knows.
var ErrVersion = errors.New("codec: written by a newer version")

const (
	magic   = "LEPT"
	version = 1
	// maxPayload bounds what a container may claim to hold.
	maxPayload = 1 << 32
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// WriteContainer writes payload to w under kind: magic, format version, kind, length, payload, CRC32C
// of all before it. It returns the number of bytes written.
func WriteContainer(w io.Writer, kind string, payload []byte) (int64, error) {
	var head Writer
	head.raw([]byte(magic))
	head.Uint32(version)
	head.String(kind)
	head.Uint64(uint64(len(payload)))
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

// ReadContainer reads one container from r and returns its kind, its payload and the bytes consumed.
// Memory grows with what r really delivers, not with what the header claims.
func ReadContainer(r io.Reader) (kind string, payload []byte, n int64, err error) {
	counted := &countingReader{r: r}
	sum := crc32.New(castagnoli)
	in := io.TeeReader(counted, sum)
	fail := func(what string, err error) (string, []byte, int64, error) {
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			err = fmt.Errorf("%w: ends inside %s at byte %d", ErrCorrupt, what, counted.n)
		}
		return "", nil, counted.n, err
	}
	var fixed [12]byte
	if _, err := io.ReadFull(in, fixed[:]); err != nil {
		return fail("the header", err)
	}
	if string(fixed[:4]) != magic {
		return fail("", fmt.Errorf("%w: not a Lepton file (no %q at byte 0)", ErrCorrupt, magic))
	}
	if v := binary.LittleEndian.Uint32(fixed[4:]); v != version {
		return fail("", fmt.Errorf("%w: format %d, known up to %d", ErrVersion, v, version))
	}
	kindLen := binary.LittleEndian.Uint32(fixed[8:])
	if kindLen > 256 {
		return fail("", fmt.Errorf("%w: a kind of %d bytes at byte 8", ErrCorrupt, kindLen))
	}
	name := make([]byte, kindLen)
	if _, err := io.ReadFull(in, name); err != nil {
		return fail("the kind", err)
	}
	var size [8]byte
	if _, err := io.ReadFull(in, size[:]); err != nil {
		return fail("the length", err)
	}
	length := binary.LittleEndian.Uint64(size[:])
	if length > maxPayload {
		return fail("", fmt.Errorf("%w: a payload of %d bytes", ErrCorrupt, length))
	}
	var buf bytes.Buffer
	if got, err := io.Copy(&buf, io.LimitReader(in, int64(length))); err != nil {
		return fail("the payload", err)
	} else if uint64(got) < length {
		return fail("the payload", io.ErrUnexpectedEOF)
	}
	want := sum.Sum32()
	var tail [4]byte
	if _, err := io.ReadFull(counted, tail[:]); err != nil {
		return fail("the checksum", err)
	}
	if got := binary.LittleEndian.Uint32(tail[:]); got != want {
		return fail("", fmt.Errorf("%w: checksum of %q is %08x, should be %08x", ErrCorrupt, name, got, want))
	}
	return string(name), buf.Bytes(), counted.n, nil
}

type countingReader struct {
	r io.Reader
	n int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// Writer appends fields to a growing slice. The zero value is ready.
type Writer struct{ b []byte }

// Bytes returns what was written.
func (w *Writer) Bytes() []byte { return w.b }

func (w *Writer) raw(p []byte) { w.b = append(w.b, p...) }

// Bool writes one byte, 0 or 1.
func (w *Writer) Bool(v bool) {
	if v {
		w.Uint8(1)
	} else {
		w.Uint8(0)
	}
}

// Uint8 writes one byte.
func (w *Writer) Uint8(v uint8) { w.b = append(w.b, v) }

// Uint32 writes four bytes.
func (w *Writer) Uint32(v uint32) { w.b = binary.LittleEndian.AppendUint32(w.b, v) }

// Uint64 writes eight bytes.
func (w *Writer) Uint64(v uint64) { w.b = binary.LittleEndian.AppendUint64(w.b, v) }

// Int writes v as eight bytes.
func (w *Writer) Int(v int) { w.Uint64(uint64(int64(v))) }

// Float writes the bits of v.
func (w *Writer) Float(v float64) { w.Uint64(math.Float64bits(v)) }

// String writes a four-byte length and the bytes of v.
func (w *Writer) String(v string) {
	w.Uint32(uint32(len(v)))
	w.b = append(w.b, v...)
}

// Blob writes an eight-byte length and v.
func (w *Writer) Blob(v []byte) {
	w.Int(len(v))
	w.raw(v)
}

// Floats writes an eight-byte length and the bits of each value.
func (w *Writer) Floats(v []float64) {
	w.Int(len(v))
	for _, x := range v {
		w.Float(x)
	}
}

// Floats32 writes an eight-byte length and the bits of each value.
func (w *Writer) Floats32(v []float32) {
	w.Int(len(v))
	for _, x := range v {
		w.Uint32(math.Float32bits(x))
	}
}

// Uint64s writes an eight-byte length and each value.
func (w *Writer) Uint64s(v []uint64) {
	w.Int(len(v))
	for _, x := range v {
		w.Uint64(x)
	}
}

// Strings writes an eight-byte length and each string.
func (w *Writer) Strings(v []string) {
	w.Int(len(v))
	for _, x := range v {
		w.String(x)
	}
}

// Reader takes fields from a slice in the order in which a Writer wrote them. After the first fault
// every read returns a zero value, and Err says where it was.
type Reader struct {
	b   []byte
	at  int
	err error
}

// NewReader reads from b, which it keeps and does not change.
func NewReader(b []byte) *Reader { return &Reader{b: b} }

// Err returns the first fault, wrapped around ErrCorrupt.
func (r *Reader) Err() error { return r.err }

// Close returns Err, or a fault when bytes are left over.
func (r *Reader) Close() error {
	if r.err == nil && r.at != len(r.b) {
		r.Fail("%d bytes too many", len(r.b)-r.at)
	}
	return r.err
}

// Fail records a fault found by the caller at the present place, unless there was one before.
func (r *Reader) Fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: %s at byte %d", ErrCorrupt, fmt.Sprintf(format, args...), r.at)
	}
}

// Count reads an eight-byte length whose elements take at least width bytes each, and refuses one
// that the rest of the data cannot hold.
func (r *Reader) Count(width int) int {
	n := r.Uint64()
	if r.err == nil && n > uint64(len(r.b)-r.at)/uint64(max(width, 1)) {
		r.Fail("a count of %d with %d bytes left", n, len(r.b)-r.at)
	}
	if r.err != nil {
		return 0
	}
	return int(n)
}

func (r *Reader) take(n int) []byte {
	if r.err == nil && (n < 0 || n > len(r.b)-r.at) {
		r.Fail("%d bytes wanted, %d left", n, len(r.b)-r.at)
	}
	if r.err != nil {
		return nil
	}
	p := r.b[r.at : r.at+n]
	r.at += n
	return p
}

// Bool reads one byte, which must be 0 or 1.
func (r *Reader) Bool() bool {
	v := r.Uint8()
	if v > 1 {
		r.Fail("a truth value of %d", v)
	}
	return v == 1
}

// Uint8 reads one byte.
func (r *Reader) Uint8() uint8 {
	if p := r.take(1); p != nil {
		return p[0]
	}
	return 0
}

// Uint32 reads four bytes.
func (r *Reader) Uint32() uint32 {
	if p := r.take(4); p != nil {
		return binary.LittleEndian.Uint32(p)
	}
	return 0
}

// Uint64 reads eight bytes.
func (r *Reader) Uint64() uint64 {
	if p := r.take(8); p != nil {
		return binary.LittleEndian.Uint64(p)
	}
	return 0
}

// Int reads what Writer.Int wrote.
func (r *Reader) Int() int { return int(int64(r.Uint64())) }

// Float reads the bits of one value.
func (r *Reader) Float() float64 { return math.Float64frombits(r.Uint64()) }

// String reads what Writer.String wrote.
func (r *Reader) String() string { return string(r.take(int(r.Uint32()))) }

// Blob reads what Writer.Blob wrote; the result is a view into the Reader's data.
func (r *Reader) Blob() []byte { return r.take(r.Count(1)) }

// Floats reads what Writer.Floats wrote.
func (r *Reader) Floats() []float64 {
	v := make([]float64, r.Count(8))
	for i := range v {
		v[i] = r.Float()
	}
	return v
}

// Floats32 reads what Writer.Floats32 wrote.
func (r *Reader) Floats32() []float32 {
	v := make([]float32, r.Count(4))
	for i := range v {
		v[i] = math.Float32frombits(r.Uint32())
	}
	return v
}

// Uint64s reads what Writer.Uint64s wrote.
func (r *Reader) Uint64s() []uint64 {
	v := make([]uint64, r.Count(8))
	for i := range v {
		v[i] = r.Uint64()
	}
	return v
}

// Strings reads what Writer.Strings wrote. It returns nil for none.
func (r *Reader) Strings() []string {
	n := r.Count(4)
	var v []string
	for range n {
		v = append(v, r.String())
	}
	return v
}
