package sim

// ordered is an element of a heap; before is a strict total order.
type ordered[T any] interface{ before(T) bool }

// heapPush adds x to the binary heap h, whose first element comes before all others.
func heapPush[T ordered[T]](h []T, x T) []T {
	h = append(h, x)
	i := len(h) - 1
	for i > 0 {
		parent := (i - 1) / 2
		if !x.before(h[parent]) {
			break
		}
		h[i] = h[parent]
		i = parent
	}
	h[i] = x
	return h
}

// heapPop removes the first element of h, which is not empty.
func heapPop[T ordered[T]](h []T) ([]T, T) {
	first, last := h[0], len(h)-1
	x := h[last]
	h = h[:last]
	if last > 0 {
		heapSink(h, 0, x)
	}
	return h, first
}

// heapify makes a heap of h.
func heapify[T ordered[T]](h []T) {
	for i := len(h)/2 - 1; i >= 0; i-- {
		heapSink(h, i, h[i])
	}
}

// heapSink puts x into the hole at i or below it.
func heapSink[T ordered[T]](h []T, i int, x T) {
	for {
		child := 2*i + 1
		if child >= len(h) {
			break
		}
		if right := child + 1; right < len(h) && h[right].before(h[child]) {
			child = right
		}
		if !h[child].before(x) {
			break
		}
		h[i] = h[child]
		i = child
	}
	h[i] = x
}
