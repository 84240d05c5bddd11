package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// tables makes the constant vectors of a file, each once.
type tables struct {
	isa
	made    map[string]operand.Mem
	opmasks map[int]mask // of the kernel that is being written
}

// begin opens a kernel.
func (t *tables) begin(name, signature, doc string) {
	t.opmasks = map[int]mask{}
	t.isa.begin(name, signature, doc)
}

// indices is the vector of lane numbers of(0), of(1), …, which are at most the last.
func (t *tables) indices(of func(lane int) int) reg.VecVirtual {
	words := make([]uint32, t.lanes)
	for i := range words {
		words[i] = uint32(min(of(i), t.lanes-1))
	}
	v := t.vec()
	t.VMOVUPS(t.table(words), v)
	return v
}

// mask is a mask of the first n lanes, n being known here.
func (t *tables) mask(n int) mask {
	if n == t.lanes {
		return nil
	}
	m := t.keep(n)
	if t.wide {
		return m
	}
	v := t.vec()
	t.VMOVUPS(m, v)
	return v
}

// keep is the same for AND, which takes it from memory where it is a vector.
func (t *tables) keep(n int) mask {
	if t.wide {
		if m, ok := t.opmasks[n]; ok {
			return m
		}
		bits, k := t.GP32(), t.K()
		t.MOVL(operand.U32(1<<n-1), bits)
		t.KMOVW(bits, k)
		t.opmasks[n] = k
		return k
	}
	words := make([]uint32, t.lanes)
	for i := range n {
		words[i] = 1<<32 - 1
	}
	return t.table(words)
}

func (t *tables) table(words []uint32) operand.Mem {
	key := fmt.Sprint(words)
	if at, ok := t.made[key]; ok {
		return at
	}
	at := t.StaticGlobal(fmt.Sprintf("%s%d", t.name, len(t.made)))
	t.DataAttributes(build.RODATA | build.NOPTR)
	for i, w := range words {
		t.AddDatum(4*i, operand.U32(w))
	}
	if t.made == nil {
		t.made = map[string]operand.Mem{}
	}
	t.made[key] = at
	return at
}
