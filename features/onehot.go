package features

import "fmt"

// OneHot is 1 in the column of the value and 0 in the others; a value that is not in the list has
// zeros only. Columns are called name=value. The list is searched from its start: put the frequent
// values first, and use Hashed for hundreds of them.
func OneHot[T any, V comparable](name string, values []V, get func(T) V) Feature[T] {
	var faults []error
	if len(values) == 0 {
		faults = append(faults, fault(name, "has no values"))
	}
	names := make([]string, len(values))
	for i, v := range values {
		names[i] = fmt.Sprintf("%s=%v", name, v)
	}
	known := append([]V(nil), values...)
	return group(names, get != nil, faults, func(row []float64, x T) {
		v := get(x)
		for i := range known {
			if known[i] == v {
				row[i] = 1
				return
			}
		}
	})
}
