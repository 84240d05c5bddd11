// Package simd holds the few loops that neural networks spend their time in, on float32.
//
// Each routine has a portable body in plain Go, which also says what it computes, and bodies in assembly
// that are chosen when the program starts by what the processor can do. Levels may differ in the last
// bits, since they add up in another order; one level gives the same bits every time, on any number of cores.
//
// Matrices are dense and row-major, and the caller vouches for lengths: a slice that is too short panics.
// Routines are safe for concurrent use on memory that does not overlap.
//
// The kernels are written by the module in gen.
package simd

//go:generate go run -C gen . -dir ..
