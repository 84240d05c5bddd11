package main

import (
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// transposition writes the two that both levels use.
func transposition(c *build.Context) {
	g, _ := levels(c)
	g.name = ""
	g.transposeHigh()
	g.transposeLow()
}

// transposeHigh moves blocks of 16 rows and 4 columns, so that whole cache lines of dst are written.
func (g isa) transposeHigh() {
	g.begin("transpose", "func(dst *float32, ldd int, src *float32, lds, rows, cols int)",
		"writes src, of which rows are a multiple of 16 and cols of 4, to dst with rows and columns swapped.")
	ldd, lds, rows := g.stride("ldd"), g.stride("lds"), g.param("rows")
	dst, src := g.param("dst"), g.param("src")
	ldd3, lds3 := g.GP64(), g.GP64()
	g.LEAQ(operand.Mem{Base: ldd, Index: ldd, Scale: 2}, ldd3)
	g.LEAQ(operand.Mem{Base: lds, Index: lds, Scale: 2}, lds3)

	g.Label("rows")
	g.SUBQ(operand.Imm(16), rows)
	g.JL(operand.LabelRef("done"))
	to, cols := g.GP64(), g.param("cols")
	g.MOVQ(dst, to)
	from := []reg.GPVirtual{g.GP64(), g.GP64(), g.GP64(), g.GP64()} // rows 0, 4, 8 and 12
	g.MOVQ(src, from[0])
	for i := range 3 {
		g.LEAQ(operand.Mem{Base: from[i], Index: lds, Scale: 4}, from[i+1])
	}
	g.Label("cols")
	g.SUBQ(operand.Imm(4), cols)
	g.JL(operand.LabelRef("next"))
	g.transpose8(from[0], from[1], lds, lds3, to, ldd, ldd3, 0)
	g.transpose8(from[2], from[3], lds, lds3, to, ldd, ldd3, 32)
	for _, f := range from {
		g.ADDQ(operand.Imm(16), f)
	}
	g.LEAQ(operand.Mem{Base: to, Index: ldd, Scale: 4}, to)
	g.JMP(operand.LabelRef("cols"))

	g.Label("next")
	g.LEAQ(operand.Mem{Base: src, Index: lds, Scale: 8}, src)
	g.LEAQ(operand.Mem{Base: src, Index: lds, Scale: 8}, src)
	g.ADDQ(operand.Imm(64), dst)
	g.JMP(operand.LabelRef("rows"))
	g.Label("done")
	g.end()
}

// transposeLow moves blocks of 4 rows and 8 columns, for what the other leaves.
func (g isa) transposeLow() {
	g.begin("transposeLow", "func(dst *float32, ldd int, src *float32, lds, rows, cols int)",
		"is transpose for rows a multiple of 4 and cols of 8.")
	ldd, lds, rows := g.stride("ldd"), g.stride("lds"), g.param("rows")
	dst, src := g.param("dst"), g.param("src")
	ldd3, lds3 := g.GP64(), g.GP64()
	g.LEAQ(operand.Mem{Base: ldd, Index: ldd, Scale: 2}, ldd3)
	g.LEAQ(operand.Mem{Base: lds, Index: lds, Scale: 2}, lds3)

	g.Label("rows")
	g.SUBQ(operand.Imm(4), rows)
	g.JL(operand.LabelRef("done"))
	from, to, cols := g.GP64(), g.GP64(), g.param("cols")
	g.MOVQ(src, from)
	g.MOVQ(dst, to)
	g.Label("cols")
	g.SUBQ(operand.Imm(8), cols)
	g.JL(operand.LabelRef("next"))
	r := g.vecs(4)
	for i := range r {
		g.VMOVUPS(line(from, lds, lds3, i), r[i])
	}
	g.transpose4(r)
	for i := range r {
		g.VMOVUPS(r[i].AsX(), line(to, ldd, ldd3, i))
	}
	g.LEAQ(operand.Mem{Base: to, Index: ldd, Scale: 4}, to)
	for i := range r {
		g.VEXTRACTF128(operand.Imm(1), r[i], line(to, ldd, ldd3, i))
	}
	g.LEAQ(operand.Mem{Base: to, Index: ldd, Scale: 4}, to)
	g.ADDQ(operand.Imm(32), from)
	g.JMP(operand.LabelRef("cols"))

	g.Label("next")
	g.LEAQ(operand.Mem{Base: src, Index: lds, Scale: 4}, src)
	g.ADDQ(operand.Imm(16), dst)
	g.JMP(operand.LabelRef("rows"))
	g.Label("done")
	g.end()
}

// transpose8 moves four rows at high and four at low. Rows i and i+4 share a register, each half of which then
// is a transposition of 4×4.
func (g isa) transpose8(high, low, lds, lds3, to, ldd, ldd3 reg.Register, disp int) {
	r := g.vecs(4)
	for i := range r {
		g.VMOVUPS(line(high, lds, lds3, i), r[i].AsX())
		g.VINSERTF128(operand.Imm(1), line(low, lds, lds3, i), r[i], r[i])
	}
	g.transpose4(r)
	for i := range r {
		g.VMOVUPS(r[i], line(to, ldd, ldd3, i).Offset(disp))
	}
}

// transpose4 transposes the low halves of four vectors, and the high ones.
func (g isa) transpose4(r []reg.VecVirtual) {
	t := g.vecs(4)
	g.VUNPCKLPS(r[1], r[0], t[0])
	g.VUNPCKHPS(r[1], r[0], t[1])
	g.VUNPCKLPS(r[3], r[2], t[2])
	g.VUNPCKHPS(r[3], r[2], t[3])
	g.VUNPCKLPD(t[2], t[0], r[0])
	g.VUNPCKHPD(t[2], t[0], r[1])
	g.VUNPCKLPD(t[3], t[1], r[2])
	g.VUNPCKHPD(t[3], t[1], r[3])
}

// line addresses line i < 4 from base, ld bytes apart; ld3 is three times that.
func line(base, ld, ld3 reg.Register, i int) operand.Mem {
	switch i {
	case 0:
		return operand.Mem{Base: base}
	case 3:
		return operand.Mem{Base: base, Index: ld3, Scale: 1}
	}
	return operand.Mem{Base: base, Index: ld, Scale: uint8(i)}
}
