package sim

// nameTable numbers names from 1 in the order in which they first come up.
type nameTable struct {
	numbers map[string]int64
	names   []string
}

// nameCost is what a new name costs in bytes beside its letters, growth of the map and the list included.
const nameCost = 160

// number returns the number of name, −1 for an empty one. A new name's cost is taken from budget; ok is
// false, and the number −1, where that does not suffice, so that hostile input cannot buy memory with names.
func (t *nameTable) number(name []byte, budget *int64) (n int64, ok bool) {
	if len(name) == 0 {
		return -1, true
	}
	if n, ok := t.numbers[string(name)]; ok {
		return n, true
	}
	cost := int64(len(name)) + nameCost
	if *budget < cost {
		return -1, false
	}
	*budget -= cost
	if t.numbers == nil {
		t.numbers = map[string]int64{}
	}
	t.names = append(t.names, string(name))
	n = int64(len(t.names))
	t.numbers[t.names[n-1]] = n
	return n, true
}
