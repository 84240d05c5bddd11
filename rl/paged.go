package rl

import "slices"

// pageSize is the number of items that are copied at once; a power of two.
const pageSize = 64

// page is a run of items. It belongs to the array of its epoch; others may read it.
type page[T any] struct {
	epoch uint64
	items [pageSize]T
}

// paged is an array of which copies that never change are cheap: a snapshot shares the pages, and a page is
// copied before it is first written to afterwards.
type paged[T any] struct {
	pages []*page[T]
	epoch uint64
}

// grow makes room for n items.
func (p *paged[T]) grow(n int) {
	for len(p.pages)*pageSize < n {
		p.pages = append(p.pages, &page[T]{epoch: p.epoch})
	}
}

// at returns item i to be read.
func (p *paged[T]) at(i uint) *T { return &p.pages[i/pageSize].items[i%pageSize] }

// own returns item i to be written to.
func (p *paged[T]) own(i uint) *T {
	g := p.pages[i/pageSize]
	if g.epoch != p.epoch {
		g = &page[T]{epoch: p.epoch, items: g.items}
		p.pages[i/pageSize] = g
	}
	return &g.items[i%pageSize]
}

// snapshot returns an array that never changes.
func (p *paged[T]) snapshot() paged[T] {
	s := paged[T]{pages: slices.Clone(p.pages), epoch: p.epoch}
	p.epoch++
	return s
}
