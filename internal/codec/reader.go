package codec

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Reader takes fields from a slice in the order in which a Writer wrote them. After the first fault
// every read returns a zero value, and Err says where it was. Not safe for concurrent use.
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
func (r *Reader) Fail(format string, args ...any) { r.failAt(r.at, format, args...) }

func (r *Reader) failAt(at int, format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: %s at byte %d", ErrCorrupt, fmt.Sprintf(format, args...), at)
	}
}

// Count reads an eight-byte length whose elements take at least width bytes each, and refuses one
// that the rest of the data cannot hold.
func (r *Reader) Count(width int) int {
	n := r.Uint64()
	if left := len(r.b) - r.at; r.err == nil && n > uint64(left/max(width, 1)) {
		r.failAt(r.at-8, "a count of %d with %d bytes left", n, left)
	}
	if r.err != nil {
		return 0
	}
	return int(n)
}

// take returns the next n bytes, or nil after a fault.
func (r *Reader) take(n int) []byte {
	if r.err == nil && n > len(r.b)-r.at {
		r.Fail("%d bytes wanted, %d left", n, len(r.b)-r.at)
	}
	if r.err != nil {
		return nil
	}
	p := r.b[r.at : r.at+n : r.at+n]
	r.at += n
	return p
}

// Bool reads one byte, which must be 0 or 1.
func (r *Reader) Bool() bool {
	v := r.Uint8()
	if v > 1 {
		r.failAt(r.at-1, "a truth value of %d", v)
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

// Int reads what Writer.Int wrote, and refuses what an int of this machine cannot hold.
func (r *Reader) Int() int {
	v := int64(r.Uint64())
	if int64(int(v)) != v {
		r.failAt(r.at-8, "the number %d", v)
		return 0
	}
	return int(v)
}

// Float reads the bits of one value.
func (r *Reader) Float() float64 { return math.Float64frombits(r.Uint64()) }

// String reads what Writer.String wrote.
func (r *Reader) String() string { return string(r.Blob()) }

// Blob reads what Writer.Blob wrote; the result is a view into the Reader's data.
func (r *Reader) Blob() []byte { return r.take(r.Count(1)) }

// Floats reads what Writer.Floats wrote. It returns an empty slice, not nil, for none.
func (r *Reader) Floats() []float64 {
	v := make([]float64, r.Count(8))
	for i := range v {
		v[i] = r.Float()
	}
	return v
}

// Floats32 reads what Writer.Floats32 wrote. It returns an empty slice, not nil, for none.
func (r *Reader) Floats32() []float32 {
	v := make([]float32, r.Count(4))
	for i := range v {
		v[i] = math.Float32frombits(r.Uint32())
	}
	return v
}

// Uint64s reads what Writer.Uint64s wrote. It returns an empty slice, not nil, for none.
func (r *Reader) Uint64s() []uint64 {
	v := make([]uint64, r.Count(8))
	for i := range v {
		v[i] = r.Uint64()
	}
	return v
}

// Strings reads what Writer.Strings wrote. It returns nil for none.
func (r *Reader) Strings() []string {
	n := r.Count(8)
	if n == 0 {
		return nil
	}
	v := make([]string, n)
	for i := range v {
		v[i] = r.String()
	}
	if r.err != nil {
		return nil
	}
	return v
}
