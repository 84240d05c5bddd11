package main

import (
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// isa writes instructions for one width of vectors, so that one text makes the kernels of every level.
// Its methods are named by what they do; where AVX2 lacks masks they take the way round.
type isa struct {
	*build.Context
	name  string // suffix of the kernels
	lanes int    // float32 in a vector
	wide  bool   // AVX-512

	numbers map[float32]operand.Mem // constants of the file so far
}

func (g isa) bytes() int { return 4 * g.lanes }

func (g isa) vec() reg.VecVirtual {
	if g.wide {
		return g.ZMM()
	}
	return g.YMM()
}

func (g isa) vecs(n int) []reg.VecVirtual {
	v := make([]reg.VecVirtual, n)
	for i := range v {
		v[i] = g.vec()
	}
	return v
}

// mask is a register that switches lanes: an opmask, or a vector of zeros and ones. nil is all lanes.
type mask operand.Op

// first returns a mask of the first n lanes, 0 < n ≤ lanes.
func (g isa) first(n reg.Register) mask {
	if g.wide {
		bits, k := g.GP32(), g.K()
		g.MOVL(operand.I32(-1), bits)
		g.BZHIL(n.(reg.GP).As32(), bits, bits)
		g.KMOVW(bits, k)
		return k
	}
	at, from := g.GP64(), g.GP64()
	g.LEAQ(g.table(), at)
	g.MOVQ(operand.U32(8), from)
	g.SUBQ(n, from)
	m := g.YMM()
	g.VMOVUPS(operand.Mem{Base: at, Index: from, Scale: 4}, m)
	return m
}

// table is eight words of ones, then eight of zeros: read from entry 8−n it is a mask of n lanes.
func (g isa) table() operand.Mem {
	return operand.NewDataAddr(operand.NewStaticSymbol("lanesOn"), 0)
}

func tableOfMasks(c *build.Context) {
	c.StaticGlobal("lanesOn")
	c.DataAttributes(build.RODATA | build.NOPTR)
	for i := range 16 {
		word := operand.U32(0)
		if i < 8 {
			word = 1<<32 - 1
		}
		c.AddDatum(4*i, word)
	}
}

// load reads the lanes of m, and 0 into the others.
func (g isa) load(from operand.Op, m mask, to operand.Op) {
	switch {
	case m == nil:
		g.VMOVUPS(from, to)
	case g.wide:
		g.VMOVUPS_Z(from, m, to)
	default:
		g.VMASKMOVPS(from, m, to)
	}
}

// store writes the lanes of m alone.
func (g isa) store(from operand.Op, m mask, to operand.Op) {
	switch {
	case m == nil:
		g.VMOVUPS(from, to)
	case g.wide:
		g.VMOVUPS(from, m, to)
	default:
		g.VMASKMOVPS(from, m, to)
	}
}

func (g isa) zero(v operand.Op) { g.VXORPS(v, v, v) }

// param reads an argument into a register.
func (g isa) param(name string) reg.GPVirtual { return g.Load(g.Param(name), g.GP64()).(reg.GPVirtual) }

// stride reads an argument that counts float32 as bytes.
func (g isa) stride(name string) reg.GPVirtual {
	r := g.param(name)
	g.SHLQ(operand.Imm(2), r)
	return r
}
