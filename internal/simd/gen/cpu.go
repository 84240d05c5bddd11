package main

import (
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/reg"
)

// cpu writes the two questions to the processor that choose the level.
func cpu(c *build.Context) {
	c.Function("cpuid")
	c.SignatureExpr("func(leaf, subleaf uint32) (eax, ebx, ecx, edx uint32)")
	c.Doc("cpuid asks the processor what it can do.")
	c.Load(c.Param("leaf"), reg.EAX)
	c.Load(c.Param("subleaf"), reg.ECX)
	c.CPUID()
	for i, r := range []reg.GPPhysical{reg.EAX, reg.EBX, reg.ECX, reg.EDX} {
		c.Store(r, c.ReturnIndex(i))
	}
	c.RET()

	c.Function("xgetbv")
	c.SignatureExpr("func() (eax, edx uint32)")
	c.Doc("xgetbv asks which registers the operating system saves.")
	c.XORL(reg.ECX, reg.ECX)
	c.XGETBV()
	c.Store(reg.EAX, c.ReturnIndex(0))
	c.Store(reg.EDX, c.ReturnIndex(1))
	c.RET()
}
