package nn

import "math"

// The twins compute in float64, one row at a time, what the networks say they compute.

// twinMLP returns the outputs of one row, and the parameters after m's.
func twinMLP(m *MLP, params, shared, row []float64) (out, rest []float64) {
	x := append(append([]float64{}, shared...), row...)
	for i, width := range m.widths {
		w, bias := params[:len(x)*width], params[len(x)*width:(len(x)+1)*width]
		params = params[(len(x)+1)*width:]
		y := append([]float64{}, bias...)
		for j := range y {
			for k, v := range x {
				y[j] += v * w[k*width+j]
			}
			if m.rectifies(i) {
				y[j] = max(y[j], 0)
			}
			if m.bends(i) {
				y[j] = math.Tanh(y[j])
			}
		}
		x = y
	}
	return x, params
}

// twin returns the outputs of one group.
func twin(n Network, params, shared []float64, rows [][]float64) []float64 {
	var out []float64
	embedded := func(m *MLP) (e [][]float64, joined, rest []float64) {
		mean := make([]float64, m.Out())
		rest = params[m.params:]
		for _, row := range rows {
			y, _ := twinMLP(m, params, shared, row)
			e = append(e, y)
			for j, v := range y {
				mean[j] += v / float64(len(rows))
			}
		}
		return e, append(append([]float64{}, shared...), mean...), rest
	}
	switch n := n.(type) {
	case *MLP:
		for _, row := range rows {
			y, _ := twinMLP(n, params, shared, row)
			out = append(out, y...)
		}
	case *Context:
		e, joined, rest := embedded(n.embed)
		for _, row := range e {
			y, _ := twinMLP(n.score, rest, joined, row)
			out = append(out, y...)
		}
	case *Pool:
		_, joined, rest := embedded(n.embed)
		out, _ = twinMLP(n.head, rest, nil, joined)
	case *Dueling:
		if n.value == nil {
			for _, row := range rows {
				y, _ := twinMLP(n.advantage.(*MLP), params, shared, row)
				out = append(out, twinDuel(y[:n.outputs], y[n.outputs])...)
			}
			break
		}
		v := twin(n.value, params[n.advantage.Params():], shared, rows)[0]
		out = twinDuel(twin(n.advantage, params, shared, rows), v)
	}
	return out
}

func twinDuel(advantages []float64, value float64) []float64 {
	mean := 0.0
	for _, a := range advantages {
		mean += a / float64(len(advantages))
	}
	var out []float64
	for _, a := range advantages {
		out = append(out, value+a-mean)
	}
	return out
}
