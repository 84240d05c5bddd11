// Package codec reads and writes Lepton's files: explicit little-endian fields inside a container
// with magic, format version, kind, length and checksum.
//
// A Reader works on a slice that is already in memory and checks every length against what is left
// before it allocates, so that a hostile file costs no more than a small multiple of its own size:
// ReadContainer twice, a Reader's fields once (Strings twice).
package codec

import "errors"

// ErrCorrupt is wrapped by every error about bytes that cannot be what a Writer wrote.
var ErrCorrupt = errors.New("codec: corrupt data")

// ErrVersion is wrapped by the error about a container of a newer format than this library knows.
var ErrVersion = errors.New("codec: written by a newer version")
