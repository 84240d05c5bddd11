//go:build !unix

package main

import "math"

// processCPU is not known here.
func processCPU() float64 { return math.NaN() }

// peakRSS is not known here.
func peakRSS() float64 { return math.NaN() }
