package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// shape lists the tiles that one kernel of the matrix product is made of: how many rows a tile may have, and
// how many vectors it may be wide, both falling and ending in 1. Rows × vectors accumulators, the vectors of b
// and one of a must fit into the registers.
type shape struct {
	rows, vectors []int
}

// product writes
//
//	func name(c *float32, ldc int, bias *float32, keep bool, a *float32, ra, ca int, b *float32, ldb, m, n, k int, relu bool)
//
// which computes c[i,j] = init + Σ a[i·ra + l·ca]·b[l·ldb + j] over l < k, and max(·, 0) of it with relu. init is
// bias[j] when bias is not nil, otherwise c[i,j] with keep, otherwise 0. Each sum runs over l in order, in one
// accumulator, whatever the tile: so an element does not depend on m, n, or where it stands.
func (g isa) product(name string, s shape) {
	g.Function(name + g.name)
	g.Pragma("noescape")
	g.SignatureExpr("func(c *float32, ldc int, bias *float32, keep bool, a *float32, ra, ca int, b *float32, ldb, m, n, k int, relu bool)")
	g.Doc(name + g.name + " is the matrix product, see gen/product.go.")

	p := &tiles{isa: g, name: name, at: g.GP64(), ra: g.stride("ra"), ca: g.stride("ca"), ldb: g.stride("ldb")}
	p.ra3 = g.GP64()
	g.LEAQ(operand.Mem{Base: p.ra, Index: p.ra, Scale: 2}, p.ra3)
	g.XORQ(p.at, p.at)
	for i, v := range s.vectors {
		width := v * g.bytes()
		g.Label(p.label("panel", i))
		left := g.param("n")
		g.SHLQ(operand.Imm(2), left)
		g.SUBQ(p.at, left)
		g.CMPQ(left, operand.U32(width))
		g.JL(operand.LabelRef(p.label("panel", i+1)))
		p.panel(fmt.Sprint("w", v), v, s.rows, nil)
		g.ADDQ(operand.U32(width), p.at)
		g.JMP(operand.LabelRef(p.label("panel", i)))
	}
	g.Label(p.label("panel", len(s.vectors)))
	left := g.param("n")
	g.SHLQ(operand.Imm(2), left)
	g.SUBQ(p.at, left)
	g.JE(operand.LabelRef("done"))
	g.SHRQ(operand.Imm(2), left)
	p.panel("rest", 1, s.rows, g.first(left))
	g.Label("done")
	g.VZEROUPPER()
	g.RET()
}

// tiles is a matrix product in the making: at is the offset of the panel of columns, in bytes.
type tiles struct {
	isa
	name                 string
	at, ra, ra3, ca, ldb reg.GPVirtual
}

func (p *tiles) label(parts ...any) string { return fmt.Sprint(parts...) }

// panel goes down the rows of a panel of columns.
func (p *tiles) panel(name string, vectors int, heights []int, m mask) {
	c, a, rows := p.param("c"), p.param("a"), p.param("m")
	p.ADDQ(p.at, c)
	for i, h := range heights {
		top, next := p.label(name, "rows", h), p.label(name, "next", i)
		p.Label(top)
		p.CMPQ(rows, operand.U32(h))
		p.JL(operand.LabelRef(next))
		p.tile(p.label(name, "x", h), h, vectors, m, c, a)
		p.SUBQ(operand.U32(h), rows)
		p.JMP(operand.LabelRef(top))
		p.Label(next)
	}
}

// tile computes rows×vectors of c, and moves c and a below.
func (p *tiles) tile(name string, rows, vectors int, m mask, c, a reg.GPVirtual) {
	acc := make([][]reg.VecVirtual, rows)
	for i := range acc {
		acc[i] = p.vecs(vectors)
	}
	p.start(name, acc, m, c)

	// A register for each four rows of a: the others are one, two and three strides away.
	bases := make([]reg.GPVirtual, (rows+3)/4)
	for i := range bases {
		bases[i] = p.GP64()
		if i == 0 {
			p.MOVQ(a, bases[0])
		} else {
			p.LEAQ(operand.Mem{Base: bases[i-1], Index: p.ra, Scale: 4}, bases[i])
		}
	}
	elem := func(i int) operand.Mem { return line(bases[i/4], p.ra, p.ra3, i%4) }

	b, k := p.param("b"), p.param("k")
	p.ADDQ(p.at, b)
	p.TESTQ(k, k)
	p.JE(operand.LabelRef(name + "end"))
	p.Label(name + "sum")
	p.step(acc, elem, b, m)
	for _, base := range bases {
		p.ADDQ(p.ca, base)
	}
	p.ADDQ(p.ldb, b)
	p.DECQ(k)
	p.JNE(operand.LabelRef(name + "sum"))
	p.Label(name + "end")

	p.finish(name, acc, m, c)
	below := p.GP64()
	p.IMUL3Q(operand.Imm(uint64(rows)), p.ra, below)
	p.ADDQ(below, a)
}

// start fills the accumulators with bias, c or 0.
func (p *tiles) start(name string, acc [][]reg.VecVirtual, m mask, c reg.GPVirtual) {
	bias, keep := p.param("bias"), p.Load(p.Param("keep"), p.GP8())
	p.TESTQ(bias, bias)
	p.JE(operand.LabelRef(name + "nobias"))
	p.ADDQ(p.at, bias)
	for v, first := range acc[0] {
		p.load(operand.Mem{Base: bias, Disp: v * p.bytes()}, m, first)
		for _, r := range acc[1:] {
			p.VMOVAPS(first, r[v])
		}
	}
	p.JMP(operand.LabelRef(name + "go"))

	p.Label(name + "nobias")
	p.TESTB(keep, keep)
	p.JE(operand.LabelRef(name + "zero"))
	p.eachRow(acc, c, func(r []reg.VecVirtual, at operand.Mem) {
		for v := range r {
			p.load(at.Offset(v*p.bytes()), m, r[v])
		}
	})
	p.JMP(operand.LabelRef(name + "go"))

	p.Label(name + "zero")
	for _, r := range acc {
		for v := range r {
			p.zero(r[v])
		}
	}
	p.Label(name + "go")
}

// step adds the products of one l.
func (p *tiles) step(acc [][]reg.VecVirtual, elem func(int) operand.Mem, b reg.Register, m mask) {
	from := func(v int) operand.Mem { return operand.Mem{Base: b, Disp: v * p.bytes()} }
	if len(acc) == 1 && m == nil { // each vector of b is used once
		e := p.vec()
		p.VBROADCASTSS(elem(0), e)
		for v := range acc[0] {
			p.VFMADD231PS(from(v), e, acc[0][v])
		}
		return
	}
	bs := p.vecs(len(acc[0]))
	for v := range bs {
		p.load(from(v), m, bs[v])
	}
	for i, r := range acc {
		if p.wide && len(bs) == 1 {
			p.VFMADD231PS_BCST(elem(i), bs[0], r[0])
			continue
		}
		e := p.vec()
		p.VBROADCASTSS(elem(i), e)
		for v := range bs {
			p.VFMADD231PS(bs[v], e, r[v])
		}
	}
}

// finish rectifies and stores, and moves c below.
func (p *tiles) finish(name string, acc [][]reg.VecVirtual, m mask, c reg.GPVirtual) {
	relu := p.Load(p.Param("relu"), p.GP8())
	p.TESTB(relu, relu)
	p.JE(operand.LabelRef(name + "store"))
	zero := p.vec()
	p.zero(zero)
	for _, r := range acc {
		for v := range r {
			p.VMAXPS(r[v], zero, r[v]) // the second operand wins when one is NaN
		}
	}
	p.Label(name + "store")
	p.eachRow(acc, c, func(r []reg.VecVirtual, at operand.Mem) {
		for v := range r {
			p.store(r[v], m, at.Offset(v*p.bytes()))
		}
	})
	ldc := p.stride("ldc")
	p.IMUL3Q(operand.Imm(uint64(len(acc))), ldc, ldc)
	p.ADDQ(ldc, c)
}

// eachRow visits the rows of a tile of c.
func (p *tiles) eachRow(acc [][]reg.VecVirtual, c reg.Register, do func(r []reg.VecVirtual, at operand.Mem)) {
	at, ldc := p.GP64(), p.stride("ldc")
	p.MOVQ(c, at)
	for i, r := range acc {
		do(r, operand.Mem{Base: at})
		if i+1 < len(acc) {
			p.ADDQ(ldc, at)
		}
	}
}
