package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// slims writes the products with few columns.
func slims(c *build.Context) {
	tableOfMasks(c)
	avx2, avx512 := levels(c)
	for _, g := range []isa{avx2, avx512} {
		t := &tables{isa: g}
		for n := 1; n <= 4; n++ { // with more the product kernel has fewer instructions for a term
			g.slim(t, n)
		}
	}
}

// slim writes
//
//	func slim<n>(c, bias, a, b *float32, m, k int, relu bool)
//
// which computes c[i,j] = Σ a[i,l]·b[l,j] + bias[j] over l < k, and max(·, 0) of it with relu, for so few
// columns n that several rows of b, a power of two, fill a vector: lane g·n + j of a sum collects the terms of
// column j and every l that is g more than a multiple of their number. In the end the groups are added up,
// halves upon halves. A row of c depends on the same row of a alone.
func (g isa) slim(t *tables, n int) {
	t.begin(fmt.Sprint("slim", n), "func(c, bias, a, b *float32, m, k int, relu bool)", "is a product with few columns, see gen/slim.go.")
	s := &slim{isa: g, n: n, together: 1, a: g.param("a"), c: g.param("c"), lda: g.stride("k"), lda3: g.GP64(), some: g.vec()}
	for 2*s.together*n <= g.lanes {
		s.together *= 2
	}
	g.LEAQ(operand.Mem{Base: s.lda, Index: s.lda, Scale: 2}, s.lda3)
	s.spread = t.indices(func(lane int) int { return lane / n })
	s.filled, s.columns = t.mask(s.together*n), t.mask(n)
	for half := s.together / 2; half > 0 && n > 1; half /= 2 {
		s.folds = append(s.folds, fold{from: t.indices(func(lane int) int { return lane + half*n }), lanes: t.keep(half * n)})
	}
	left, filled := g.param("k"), g.GP64()
	g.ANDQ(operand.U32(s.together-1), left)
	s.lastElems = g.first(left)
	s.lastFilled = s.lastElems
	if n > 1 {
		g.IMUL3Q(operand.Imm(uint64(n)), left, filled)
		s.lastFilled = g.first(filled)
	}

	rows, heights := g.param("m"), []int{4, 1}
	if g.wide {
		heights = []int{8, 4, 1}
	}
	for _, h := range heights {
		top, next := fmt.Sprint("rows", h), fmt.Sprint("next", h)
		g.Label(top)
		g.CMPQ(rows, operand.U32(h))
		g.JL(operand.LabelRef(next))
		s.tile(fmt.Sprint("x", h), h)
		g.SUBQ(operand.U32(h), rows)
		g.JMP(operand.LabelRef(top))
		g.Label(next)
	}
	g.end()
}

type slim struct {
	isa
	n, together           int // columns, rows of b in a vector
	a, c, lda, lda3       reg.GPVirtual
	spread                reg.VecVirtual // brings element g of a to the lanes of group g
	filled                mask           // of b, where all groups have terms
	lastElems, lastFilled mask           // of a and of b at the end of the row
	columns               mask
	some                  reg.VecVirtual // elements of a: one for all, since avo takes parts of it for unwritten
	folds                 []fold
}

// fold adds the lanes from to lanes.
type fold struct {
	from  reg.VecVirtual
	lanes mask
}

// tile computes some rows, and moves a and c below.
func (s *slim) tile(name string, rows int) {
	acc := s.vecs(rows)
	for _, v := range acc {
		s.zero(v)
	}
	bases := make([]reg.GPVirtual, (rows+3)/4)
	for i := range bases {
		bases[i] = s.GP64()
		if i == 0 {
			s.MOVQ(s.a, bases[0])
		} else {
			s.LEAQ(operand.Mem{Base: bases[i-1], Index: s.lda, Scale: 4}, bases[i])
		}
	}
	b, left := s.param("b"), s.param("k")
	s.Label(name + "sum")
	s.SUBQ(operand.U32(s.together), left)
	s.JL(operand.LabelRef(name + "rest"))
	s.step(acc, bases, b, nil, s.filled)
	for _, a := range bases {
		s.ADDQ(operand.U32(4*s.together), a)
	}
	s.ADDQ(operand.U32(4*s.together*s.n), b)
	s.JMP(operand.LabelRef(name + "sum"))
	s.Label(name + "rest")
	s.ADDQ(operand.U32(s.together), left)
	s.JE(operand.LabelRef(name + "fold"))
	s.step(acc, bases, b, s.lastElems, s.lastFilled)

	s.Label(name + "fold")
	if s.n == 1 {
		s.finishOne(name, acc)
	} else {
		s.finish(name, acc)
	}
	s.ADDQ(operand.U32(4*rows*s.n), s.c)
	if rows == 1 {
		s.ADDQ(s.lda, s.a)
		return
	}
	for range bases {
		s.LEAQ(operand.Mem{Base: s.a, Index: s.lda, Scale: 4}, s.a)
	}
}

// finish adds up the groups, adds the bias, rectifies and stores.
func (s *slim) finish(name string, acc []reg.VecVirtual) {
	bias, relu, offset := s.param("bias"), s.Load(s.Param("relu"), s.GP8()), s.vec()
	s.load(operand.Mem{Base: bias}, s.columns, offset)
	for _, v := range acc {
		for _, f := range s.folds {
			moved := s.vec()
			if s.wide {
				s.VPERMPS_Z(v, f.from, f.lanes, moved)
			} else {
				s.VPERMPS(v, f.from, moved)
				s.VANDPS(f.lanes, moved, moved)
			}
			s.VADDPS(moved, v, v)
		}
		s.VADDPS(offset, v, v)
	}
	s.TESTB(relu, relu)
	s.JE(operand.LabelRef(name + "store"))
	zero := s.vec()
	s.zero(zero)
	for _, v := range acc {
		s.VMAXPS(v, zero, v) // the second operand wins when one is NaN
	}
	s.Label(name + "store")
	for i, v := range acc {
		s.put(v, operand.Mem{Base: s.c, Disp: 4 * i * s.n})
	}
}

// finishOne does so for one column, with the sums of four rows side by side in the end. Each row is folded as if
// it had three neighbours.
func (s *slim) finishOne(name string, acc []reg.VecVirtual) {
	var sums []reg.VecVirtual
	for i := 0; i < len(acc); i += 4 {
		r := make([]reg.VecVirtual, 4)
		for q := range r {
			r[q] = acc[i+min(q, len(acc)-1)].AsY().(reg.VecVirtual)
		}
		for q, v := range acc[i:min(i+4, len(acc))] {
			if s.wide {
				upper := s.YMM()
				s.VEXTRACTF32X8(operand.Imm(1), v, upper)
				s.VADDPS(upper, r[q], r[q])
			}
		}
		t, u, high := s.YMM(), s.YMM(), s.XMM()
		s.VHADDPS(r[1], r[0], t)
		s.VHADDPS(r[3], r[2], u)
		s.VHADDPS(u, t, t)
		s.VEXTRACTF128(operand.Imm(1), t, high)
		sum := s.XMM()
		s.VADDPS(high, t.AsX(), sum)
		sums = append(sums, sum)
	}
	bias, relu, offset, zero := s.param("bias"), s.Load(s.Param("relu"), s.GP8()), s.XMM(), s.XMM()
	s.VBROADCASTSS(operand.Mem{Base: bias}, offset)
	for _, v := range sums {
		s.VADDPS(offset, v, v)
	}
	s.TESTB(relu, relu)
	s.JE(operand.LabelRef(name + "store"))
	s.zero(zero)
	for _, v := range sums {
		s.VMAXPS(v, zero, v)
	}
	s.Label(name + "store")
	for i, v := range sums {
		if to := (operand.Mem{Base: s.c, Disp: 16 * i}); len(acc) == 1 {
			s.VMOVSS(v, to)
		} else {
			s.VMOVUPS(v, to)
		}
	}
}

// step adds the terms of one vector of b; elems nil takes as many elements of a as go together.
func (s *slim) step(acc []reg.VecVirtual, bases []reg.GPVirtual, b reg.GPVirtual, elems, filled mask) {
	bs := s.vec()
	s.load(operand.Mem{Base: b}, filled, bs)
	for i, v := range acc {
		as, at := s.some, line(bases[i/4], s.lda, s.lda3, i%4)
		if elems == nil {
			s.loadFew(at, s.together, as)
		} else {
			s.load(at, elems, as)
		}
		if s.n > 1 {
			s.VPERMPS(as, s.spread, as)
		}
		s.VFMADD231PS(as, bs, v)
	}
}

// loadFew reads n numbers, a power of two, and 0 into the other lanes. Unlike a load with a mask it touches no
// cache line in vain.
func (g isa) loadFew(from operand.Mem, n int, v reg.VecVirtual) {
	switch n {
	case 2:
		g.VMOVSD(from, v.AsX())
	case 4:
		g.VMOVUPS(from, v.AsX())
	case 8:
		g.VMOVUPS(from, v.AsY())
	default:
		g.VMOVUPS(from, v)
	}
}

// put stores the columns of a row.
func (s *slim) put(v reg.VecVirtual, to operand.Mem) {
	switch s.n {
	case 2:
		s.VMOVSD(v.AsX(), to)
	case 4:
		s.VMOVUPS(v.AsX(), to)
	default:
		s.store(v, s.columns, to)
	}
}
