package codec

import (
	"encoding/binary"
	"math"
)

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

// String writes an eight-byte length and the bytes of v.
func (w *Writer) String(v string) {
	w.Int(len(v))
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
