package simd

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

func TestDense(t *testing.T) {
	atEachLevel(t, func(t *testing.T, l Level) {
		f := newField(1)
		for i, s := range shapes(f.Rand) {
			rows, in, out := s[0], s[1], s[2]
			f := newField(uint64(i))
			y, x, w, bias := f.slice(rows*out), f.slice(rows*in), f.slice(in*out), f.slice(out)
			want := slowDense(x, w, bias, rows, in, out, i%2 == 0)
			inputs := slices.Concat(x, w, bias)
			l.dense(y, x, w, bias, rows, in, out, i%2 == 0)
			within(t, want, y)
			f.check(t)
			sameBits(t, inputs, slices.Concat(x, w, bias))
		}
	})
}

func TestGradWeights(t *testing.T) {
	atEachLevel(t, func(t *testing.T, l Level) {
		f := newField(2)
		for i, s := range shapes(f.Rand) {
			rows, in, out := s[0], s[1], s[2]
			f := newField(uint64(i))
			dw, x, dy := f.slice(in*out), f.slice(rows*in), f.slice(rows*out)
			want := slowGradWeights(dw, x, dy, rows, in, out)
			inputs := slices.Concat(x, dy)
			l.gradWeights(dw, x, dy, rows, in, out)
			within(t, want, dw)
			f.check(t)
			sameBits(t, inputs, slices.Concat(x, dy))
		}
	})
}

func TestGradInput(t *testing.T) {
	atEachLevel(t, func(t *testing.T, l Level) {
		f := newField(3)
		for i, s := range shapes(f.Rand) {
			rows, in, out := s[0], s[1], s[2]
			f := newField(uint64(i))
			dx, dy, w, scratch := f.slice(rows*in), f.slice(rows*out), f.slice(in*out), f.slice(in*out)
			want := slowGradInput(dy, w, rows, in, out)
			inputs := slices.Concat(dy, w)
			l.gradInput(dx, dy, w, scratch, rows, in, out)
			within(t, want, dx)
			f.check(t)
			sameBits(t, inputs, slices.Concat(dy, w))
		}
	})
}

// A batch computes, bit for bit, what its rows compute one by one and in parts, wherever they lie in memory.
func TestRowsAlone(t *testing.T) {
	atEachLevel(t, func(t *testing.T, l Level) {
		f := newField(4)
		for _, s := range shapes(f.Rand) {
			rows, in, out := s[0], s[1], s[2]
			f := newField(uint64(rows))
			y, x, w, bias := f.slice(rows*out), f.slice(rows*in), f.slice(in*out), f.slice(out)
			dx, scratch := f.slice(rows*in), f.slice(in*out)
			l.dense(y, x, w, bias, rows, in, out, false)
			l.gradInput(dx, y, w, scratch, rows, in, out)
			for _, part := range []int{1, 1 + f.IntN(20)} {
				for r := 0; r < rows; r += part {
					n := min(part, rows-r)
					xr := f.slice(n * in)
					copy(xr, x[r*in:])
					got := f.slice(n * out)
					l.dense(got, xr, w, bias, n, in, out, false)
					sameBits(t, y[r*out:(r+n)*out], got)
					dxr := f.slice(n * in)
					l.gradInput(dxr, got, w, scratch, n, in, out)
					sameBits(t, dx[r*in:(r+n)*in], dxr)
				}
			}
		}
	})
}

// Twice the same call gives the same bits, wherever the memory lies.
func TestSameTwice(t *testing.T) {
	atEachLevel(t, func(t *testing.T, l Level) {
		for _, s := range shapes(newField(5).Rand) {
			rows, in, out := s[0], s[1], s[2]
			f := newField(uint64(in))
			x, dy, dw := f.slice(rows*in), f.slice(rows*out), f.slice(in*out)
			var first []float32
			for range 2 {
				dw2, x2, dy2 := f.slice(in*out), f.slice(rows*in), f.slice(rows*out)
				copy(dw2, dw)
				copy(x2, x)
				copy(dy2, dy)
				l.gradWeights(dw2, x2, dy2, rows, in, out)
				if first == nil {
					first = dw2
				}
				sameBits(t, first, dw2)
			}
		}
	})
}

// What is not finite shows in the row that it belongs to, and rectifying hides no NaN.
func TestDenseNotFinite(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	atEachLevel(t, func(t *testing.T, l Level) {
		for _, rows := range []int{1, 5, 13, 30} {
			for _, out := range []int{1, 2, 4, 8, 9, 16, 33, 64, 130} {
				const in = 9
				f := newField(uint64(rows))
				y, x, w, bias := f.slice(rows*out), f.slice(rows*in), f.slice(in*out), f.slice(out)
				for i := range w {
					w[i] = float32(math.Abs(float64(w[i])))
				}
				at := f.IntN(rows)
				for _, bad := range []float32{nan, inf, -inf} {
					x[at*in+f.IntN(in)] = bad
					for _, relu := range []bool{false, true} {
						l.dense(y, x, w, bias, rows, in, out, relu)
						for i, v := range y {
							ok := !math.IsNaN(float64(v)) && !math.IsInf(float64(v), 0)
							if i/out == at {
								switch {
								case relu && bad == -inf:
									ok = v == 0
								case bad != bad:
									ok = v != v
								default:
									ok = v == bad
								}
							}
							if !ok {
								t.Fatalf("rows=%d out=%d relu=%v: %v in row %d makes %v in row %d", rows, out, relu, bad, at, v, i/out)
							}
						}
					}
					for i := range in {
						x[at*in+i] = 1
					}
				}
			}
		}
	})
}

// The caller may use a part of what it has, and what is too short is refused.
func TestLengths(t *testing.T) {
	s := func(n int) []float32 { return make([]float32, n) }
	for name, call := range map[string]func(n int){
		"Dense y":        func(n int) { Dense(s(n), s(100), s(100), s(100), 3, 4, 5, false) },
		"Dense x":        func(n int) { Dense(s(100), s(n), s(100), s(100), 3, 5, 4, false) },
		"Dense w":        func(n int) { Dense(s(100), s(100), s(n), s(100), 4, 3, 5, false) },
		"Dense bias":     func(n int) { Dense(s(100), s(100), s(100), s(n), 4, 3, 15, false) },
		"GradWeights dw": func(n int) { GradWeights(s(n), s(100), s(100), 4, 3, 5) },
		"GradWeights x":  func(n int) { GradWeights(s(100), s(n), s(100), 3, 5, 4) },
		"GradWeights dy": func(n int) { GradWeights(s(100), s(100), s(n), 3, 4, 5) },
		"GradInput dx":   func(n int) { GradInput(s(n), s(100), s(100), s(100), 3, 5, 4) },
		"GradInput dy":   func(n int) { GradInput(s(100), s(n), s(100), s(100), 3, 4, 5) },
		"GradInput w":    func(n int) { GradInput(s(100), s(100), s(n), s(100), 4, 3, 5) },
		"GradInput tmp":  func(n int) { GradInput(s(100), s(100), s(100), s(n), 4, 3, 5) },
		"ColumnSums":     func(n int) { ColumnSums(s(n), s(100), 2, 15) },
		"ColumnSums x":   func(n int) { ColumnSums(s(100), s(n), 3, 5) },
		"Axpy":           func(n int) { Axpy(s(15), 1, s(n)) },
		"Dot":            func(n int) { Dot(s(15), s(n)) },
		"Mask":           func(n int) { Mask(s(15), s(n)) },
		"Exp":            func(n int) { Exp(s(15), s(n), 0) },
		"Narrow":         func(n int) { Narrow(s(15), make([]float64, n)) },
		"Adam g":         func(n int) { Adam(s(15), s(n), s(15), s(15), AdamStep{}) },
		"Adam m":         func(n int) { Adam(s(15), s(15), s(n), s(15), AdamStep{}) },
		"Adam v":         func(n int) { Adam(s(15), s(15), s(15), s(n), AdamStep{}) },
	} {
		t.Run(name, func(t *testing.T) {
			panics := func(n int) (said any) {
				defer func() { said = recover() }()
				call(n)
				return nil
			}
			if said := panics(15); said != nil {
				t.Errorf("15 are enough, but: %v", said)
			}
			if said := panics(14); said != "simd: a slice is too short" {
				t.Errorf("14 are too few, but: %v", said)
			}
		})
	}
}

func TestNoAllocations(t *testing.T) {
	s := func() []float32 { return make([]float32, 4096) }
	a, b, c, d := s(), s(), s(), s()
	for _, n := range []int{1, 4, 33, 64} {
		allocs := testing.AllocsPerRun(10, func() {
			Dense(a, b, c, d, n, n, n, true)
			GradWeights(a, b, c, n, n, n)
			GradInput(a, b, c, d, n, n, n)
			ColumnSums(a, b, n, n)
			Adam(a, b, c, d, AdamStep{Epsilon: 1})
		})
		if allocs != 0 {
			t.Error(fmt.Sprint(n, " rows, in and out: ", allocs, " allocations"))
		}
	}
}
