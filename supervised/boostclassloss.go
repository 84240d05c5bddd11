package supervised

import "math"

// binaryLoss is the negative log-likelihood of two classes; the score is the log-odds of class 1.
type binaryLoss struct {
	d     *Dataset
	start float64
}

func newBinaryLoss(d *Dataset, weights []float64) *binaryLoss {
	return &binaryLoss{d: d, start: math.Log(weights[1] / weights[0])}
}

func (l *binaryLoss) outputs() int    { return 1 }
func (l *binaryLoss) begin([]float64) {}
func (l *binaryLoss) base() []float64 { return []float64{l.start} }

func (l *binaryLoss) gradient(row, _ int, score float64) (g, h float64) {
	p := sigmoid(score)
	return p - l.d.Target(row), p * (1 - p)
}

func (l *binaryLoss) mean(scores []float64) float64 {
	p := pointLoss{l.d}
	return p.average(func(i int) float64 { // log(1 + eˢ) − y·s
		s := scores[i]
		return max(s, 0) + math.Log1p(math.Exp(-math.Abs(s))) - l.d.Target(i)*s
	})
}

func sigmoid(s float64) float64 { return 1 / (1 + math.Exp(-s)) }

// softmaxLoss is the negative log-likelihood of several classes, one score for each.
type softmaxLoss struct {
	d     *Dataset
	k     int
	start []float64
	proba []float64 // of the round that is under way
}

func newSoftmaxLoss(d *Dataset, weights []float64) *softmaxLoss {
	l := &softmaxLoss{d: d, k: len(weights), start: make([]float64, len(weights)), proba: make([]float64, d.Len()*len(weights))}
	var total float64
	for _, w := range weights {
		total += w
	}
	for k, w := range weights {
		l.start[k] = math.Log(max(w/total, 1e-9)) // a class without rows stays near 0
	}
	return l
}

func (l *softmaxLoss) outputs() int    { return l.k }
func (l *softmaxLoss) base() []float64 { return append([]float64(nil), l.start...) }

func (l *softmaxLoss) begin(scores []float64) {
	copy(l.proba, scores)
	for i := range l.d.Len() {
		softmaxInPlace(l.proba[i*l.k:][:l.k])
	}
}

// gradient divides the second derivative by (k−1)/k, since a round moves the scores of all classes:
// Friedman (2001), algorithm 6.
func (l *softmaxLoss) gradient(row, output int, _ float64) (g, h float64) {
	p := l.proba[row*l.k+output]
	g, h = p, p*(1-p)*float64(l.k)/float64(l.k-1)
	if int(l.d.Target(row)) == output {
		g--
	}
	return g, h
}

func (l *softmaxLoss) mean(scores []float64) float64 {
	p := pointLoss{l.d}
	return p.average(func(i int) float64 {
		s := scores[i*l.k:][:l.k]
		return logSumExp(s) - s[int(l.d.Target(i))]
	})
}

// logSumExp is log Σ eˢ.
func logSumExp(s []float64) float64 {
	top := s[argmax(s)]
	var sum float64
	for _, v := range s {
		sum += math.Exp(v - top)
	}
	return top + math.Log(sum)
}

// softmaxInPlace turns scores into probabilities.
func softmaxInPlace(s []float64) {
	total := logSumExp(s)
	for k := range s {
		s[k] = math.Exp(s[k] - total)
	}
}
