package main

import (
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// vectors writes what goes once over a vector or two.
func vectors(c *build.Context) {
	tableOfMasks(c)
	avx2, avx512 := levels(c)
	for _, g := range []isa{avx2, avx512} {
		g.axpy()
		g.dot()
		g.rectified()
		g.narrow()
	}
}

func (g isa) axpy() {
	g.begin("axpy", "func(y *float32, a float32, x *float32, n int)", "is y += a·x.")
	y, x, a := g.param("y"), g.param("x"), g.everywhere("a")
	g.loop(4, func(at operand.Mem, vectors int, m mask) {
		sums, xs := g.vecs(vectors), g.vecs(vectors)
		for v := range vectors {
			g.load(g.in(y, at, v), m, sums[v])
			g.load(g.in(x, at, v), m, xs[v])
			g.VFMADD231PS(xs[v], a, sums[v])
			g.store(sums[v], m, g.in(y, at, v))
		}
	})
	g.end()
}

func (g isa) dot() {
	g.begin("dot", "func(a, b *float32, n int) float32", "is Σ a·b.")
	a, b := g.param("a"), g.param("b")
	sums := g.vecs(4)
	for _, s := range sums {
		g.zero(s)
	}
	g.loop(len(sums), func(at operand.Mem, vectors int, m mask) {
		for v := range vectors {
			as, bs := g.vec(), g.vec()
			g.load(g.in(a, at, v), m, as)
			g.load(g.in(b, at, v), m, bs)
			g.VFMADD231PS(as, bs, sums[v])
		}
	})
	g.VADDPS(sums[1], sums[0], sums[0])
	g.VADDPS(sums[3], sums[2], sums[2])
	g.VADDPS(sums[2], sums[0], sums[0])
	g.Store(g.total(sums[0]), g.ReturnIndex(0))
	g.end()
}

// rectified is the gradient of a rectifier.
func (g isa) rectified() {
	const above = 0x1e // greater than, false for NaN, quiet
	g.begin("mask", "func(dy, y *float32, n int)", "is dy = 0 where y is not above 0.")
	dy, y, zero := g.param("dy"), g.param("y"), g.vec()
	g.zero(zero)
	g.loop(1, func(at operand.Mem, _ int, m mask) {
		ys, out := g.vec(), g.vec()
		g.load(g.in(y, at, 0), m, ys)
		if g.wide {
			keep := g.K()
			g.VCMPPS(operand.Imm(above), zero, ys, keep)
			g.VMOVUPS_Z(g.in(dy, at, 0), keep, out) // lanes off have y = 0
		} else {
			g.VCMPPS(operand.Imm(above), zero, ys, ys)
			g.load(g.in(dy, at, 0), m, out)
			g.VANDPS(ys, out, out)
		}
		g.store(out, m, g.in(dy, at, 0))
	})
	g.end()
}

// narrow has vectors of float64 on one side, of half as many lanes, and goes singly over the rest.
func (g isa) narrow() {
	g.begin("narrow", "func(dst *float32, src *float64, n int)", "rounds src to float32.")
	dst, src, n := g.param("dst"), g.param("src"), g.param("n")
	wide, half, low := operand.Op(g.vec()), operand.Op(g.YMM()), g.XMM()
	step := g.lanes / 2
	if !g.wide {
		half = low
	}
	g.Label("vectors")
	g.CMPQ(n, operand.U32(step))
	g.JL(operand.LabelRef("singles"))
	g.VMOVUPD(operand.Mem{Base: src}, wide)
	if g.wide {
		g.VCVTPD2PS(wide, half)
	} else {
		g.VCVTPD2PSY(wide, half)
	}
	g.VMOVUPS(half, operand.Mem{Base: dst})
	g.ADDQ(operand.U32(8*step), src)
	g.ADDQ(operand.U32(4*step), dst)
	g.SUBQ(operand.U32(step), n)
	g.JMP(operand.LabelRef("vectors"))

	g.Label("singles")
	g.TESTQ(n, n)
	g.JE(operand.LabelRef("done"))
	g.VMOVSD(operand.Mem{Base: src}, low)
	g.VCVTSD2SS(low, low, low)
	g.VMOVSS(low, operand.Mem{Base: dst})
	g.ADDQ(operand.U32(8), src)
	g.ADDQ(operand.U32(4), dst)
	g.DECQ(n)
	g.JMP(operand.LabelRef("singles"))
	g.Label("done")
	g.end()
}

// adam has its constants in the order rate, scale, β₁, 1−β₁, β₂, 1−β₂, ε.
func adam(c *build.Context) {
	tableOfMasks(c)
	avx2, avx512 := levels(c)
	for _, g := range []isa{avx2, avx512} {
		g.begin("adam", "func(p, grad, m, v, constants *float32, n int)", "is a step of Adam, see gen/vectors.go for the constants.")
		p, d, mean, square, from := g.param("p"), g.param("grad"), g.param("m"), g.param("v"), g.param("constants")
		constants := g.vecs(7)
		for i, k := range constants {
			g.VBROADCASTSS(operand.Mem{Base: from, Disp: 4 * i}, k)
		}
		rate, scale, beta1, rest1, beta2, rest2, epsilon := constants[0], constants[1], constants[2], constants[3], constants[4], constants[5], constants[6]
		g.loop(1, func(at operand.Mem, _ int, m mask) {
			x := map[reg.GPVirtual]reg.VecVirtual{}
			for _, base := range []reg.GPVirtual{p, d, mean, square} {
				x[base] = g.vec()
				g.load(g.in(base, at, 0), m, x[base])
			}
			t := g.vec()
			g.VMULPS(rest1, x[d], t)
			g.VFMADD213PS(t, beta1, x[mean]) // m = β₁m + t
			g.VMULPS(rest2, x[d], t)
			g.VMULPS(t, x[d], t)
			g.VFMADD213PS(t, beta2, x[square])
			g.store(x[mean], m, g.in(mean, at, 0))
			g.store(x[square], m, g.in(square, at, 0))
			g.VSQRTPS(x[square], t)
			g.VFMADD213PS(epsilon, scale, t)
			g.VMULPS(rate, x[mean], x[mean])
			g.VDIVPS(t, x[mean], x[mean])
			g.VSUBPS(x[mean], x[p], x[p])
			g.store(x[p], m, g.in(p, at, 0))
		})
		g.end()
	}
}
