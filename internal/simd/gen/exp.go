package main

import (
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// exponential is expPortable in vectors: see there for the way and the constants.
func exponential(c *build.Context) {
	const notBelow = 0x15 // not less than, true for NaN, quiet
	tableOfMasks(c)
	avx2, avx512 := levels(c)
	for _, g := range []isa{avx2, avx512} {
		g.begin("exp", "func(dst, src *float32, top float32, n int) float32", "is dst = exp(src − top) and the sum of it, see gen/exp.go.")
		dst, src, top, sum := g.param("dst"), g.param("src"), g.everywhere("top"), g.vec()
		g.zero(sum)

		// Where there are registers for all constants they are read once.
		constants := map[float32]reg.VecVirtual{}
		number := func(x float32) reg.VecVirtual {
			if !g.wide {
				return g.number(x)
			}
			return constants[x]
		}
		if g.wide {
			for _, x := range append([]float32{expLowest, expHighest, log2e, ln2High, ln2Low, shifter, 1}, expSeries...) {
				constants[x] = g.number(x)
			}
		}

		g.loop(1, func(at operand.Mem, _ int, m mask) {
			x, z, n, y := g.vec(), g.vec(), g.vec(), g.vec()
			g.load(g.in(src, at, 0), m, x)
			g.VSUBPS(top, x, x)
			inside := g.atLeast(x, number(expLowest), notBelow, m)
			g.VMINPS(x, number(expHighest), x) // the second operand wins when one is NaN

			g.VMOVAPS(number(shifter), z)
			g.VFMADD231PS(number(log2e), x, z)
			g.VSUBPS(number(shifter), z, n)
			g.VFNMADD231PS(number(ln2High), n, x)
			g.VFNMADD231PS(number(ln2Low), n, x)

			g.VMOVAPS(number(expSeries[0]), y)
			for _, k := range expSeries[1:] {
				g.VFMADD213PS(number(k), x, y)
			}
			g.VMULPS(x, y, y)
			g.VFMADD213PS(x, x, y) // y·x² + x
			g.VADDPS(number(1), y, y)
			g.VPSLLD(operand.Imm(23), z, z)
			g.VPADDD(number(1), z, z) // 2ⁿ: n in the exponent's place, above that of 1
			if g.wide {
				g.VMULPS_Z(z, y, inside, y)
			} else {
				g.VMULPS(z, y, y)
				g.VANDPS(inside, y, y)
			}
			g.VADDPS(y, sum, sum)
			g.store(y, m, g.in(dst, at, 0))
		})
		g.Store(g.total(sum), g.ReturnIndex(0))
		g.end()
	}
}

// atLeast is the mask of the lanes of m where x is not below limit.
func (g isa) atLeast(x, limit reg.VecVirtual, compare uint64, m mask) mask {
	if !g.wide {
		in := g.vec()
		g.VCMPPS(operand.Imm(compare), limit, x, in)
		if m != nil {
			g.VANDPS(m, in, in)
		}
		return in
	}
	in := g.K()
	if m != nil {
		g.VCMPPS(operand.Imm(compare), limit, x, m, in)
	} else {
		g.VCMPPS(operand.Imm(compare), limit, x, in)
	}
	return in
}

// The constants of expPortable.
const (
	expLowest  = -87.33654
	expHighest = 89
	log2e      = 1.442695
	ln2High    = 0.693359375
	ln2Low     = -2.12194440e-4
	shifter    = 1.5 * (1 << 23)
)

var expSeries = []float32{1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1}
