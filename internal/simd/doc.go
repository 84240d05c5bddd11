// Package simd holds the few loops that neural networks spend their time in, on float32.
//
// Each routine has a portable body in plain Go, which also says what it computes, and, but for Tanh, bodies in
// assembly for the levels of amd64. Matrices are dense and row-major, and a slice that is too short for the sizes given
// panics; a longer one is used in part, and sizes may be 0. Routines are safe for concurrent use on memory that
// is not written meanwhile, and arguments may not overlap unless a routine says so. They allocate nothing and
// start no goroutines.
//
// # Levels
//
// The level is chosen when the program starts, by what processor and operating system can do: AVX512, AVX2 (with
// fused multiply-add) or Portable, which is also all there is on other architectures and with the build tag
// purego. The environment variable LEPTON_SIMD pins it: portable, avx2 or avx512. It is read once. A level that
// is not supported, and a word that names none, give the highest level that is; a pin can lower the level,
// never raise it. Current returns the level in force.
//
// Levels differ in the last bits, since they add up in other orders and round otherwise. One level gives the same
// bits for the same sizes and numbers, every time, wherever they lie in memory and on any number of cores. A
// row of Dense and of GradInput does not depend on the rows beside it, not even on their number.
//
// # Kernels
//
// The assembly and its Go declarations (*_amd64.s, *_stubs_amd64.go) are written by the module in gen, from one
// text for both widths of vectors:
//
//	go generate ./internal/simd
//
// go test in gen fails when what is checked in is not what the generator writes. The heart is gen/product.go, a
// matrix product in tiles of registers with free strides on one side: all three of Dense, GradWeights and
// GradInput are this product, and ColumnSums too. gen/slim.go is for products with up to four columns.
//
// A new routine is: a portable body; a kernel in gen, listed in its main.go; a method of Level that chooses, in a
// file for amd64 and in other.go; the exported function, which checks lengths; a twin in float64 in the tests, and
// a benchmark. Assembly cannot be preempted, so a call of a kernel must end within some tens of microseconds
// (atOnce).
package simd

//go:generate go run -C gen . -dir ..
