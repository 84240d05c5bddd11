package main

import (
	"fmt"
	"math"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// loop goes over argument n in steps of some vectors, then of one, then over the lanes that are left. do
// writes the work on vectors that begin at an offset in bytes; m is nil but for the last.
func (g isa) loop(vectors int, do func(at operand.Mem, vectors int, m mask)) {
	n, at := g.param("n"), g.GP64()
	g.XORQ(at, at)
	sizes := []int{vectors}
	if vectors > 1 {
		sizes = append(sizes, 1)
	}
	for _, v := range sizes {
		top, next := fmt.Sprint("by", v), fmt.Sprint("past", v)
		g.Label(top)
		g.CMPQ(n, operand.U32(v*g.lanes))
		g.JL(operand.LabelRef(next))
		do(operand.Mem{Index: at, Scale: 1}, v, nil)
		g.ADDQ(operand.U32(v*g.bytes()), at)
		g.SUBQ(operand.U32(v*g.lanes), n)
		g.JMP(operand.LabelRef(top))
		g.Label(next)
	}
	g.TESTQ(n, n)
	g.JE(operand.LabelRef("done"))
	do(operand.Mem{Index: at, Scale: 1}, 1, g.first(n))
	g.Label("done")
}

// in moves an offset into the memory at base, v vectors on.
func (g isa) in(base reg.Register, at operand.Mem, v int) operand.Mem {
	at.Base, at.Disp = base, v*g.bytes()
	return at
}

// begin opens a kernel.
func (g isa) begin(name, signature, doc string) {
	g.Function(name + g.name)
	g.Pragma("noescape")
	g.SignatureExpr(signature)
	g.Doc(name + g.name + " " + doc)
}

// end closes a kernel.
func (g isa) end() {
	g.VZEROUPPER()
	g.RET()
}

// everywhere reads a scalar argument into all lanes.
func (g isa) everywhere(name string) reg.VecVirtual {
	v := g.vec()
	b, err := g.Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	g.VBROADCASTSS(b.Addr, v)
	return v
}

// number is a constant in all lanes.
func (g isa) number(x float32) reg.VecVirtual {
	at, ok := g.numbers[x]
	if !ok {
		bits := math.Float32bits(x)
		at = g.ConstData(fmt.Sprintf("f%08x", bits), operand.U32(bits))
		g.numbers[x] = at
	}
	v := g.vec()
	g.VBROADCASTSS(at, v)
	return v
}

// total adds up the lanes of v, halves upon halves, into the lowest.
func (g isa) total(v reg.VecVirtual) reg.Register {
	if g.wide {
		high := g.YMM()
		g.VEXTRACTF32X8(operand.Imm(1), v, high)
		g.VADDPS(high, v.AsY(), v.AsY())
	}
	high := g.XMM()
	g.VEXTRACTF128(operand.Imm(1), v.AsY(), high)
	g.VADDPS(high, v.AsX(), v.AsX())
	g.VMOVHLPS(v.AsX(), v.AsX(), high)
	g.VADDPS(high, v.AsX(), v.AsX())
	g.VMOVSHDUP(v.AsX(), high)
	g.VADDSS(high, v.AsX(), v.AsX())
	return v.AsX()
}
