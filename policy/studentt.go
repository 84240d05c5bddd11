package policy

import "math"

// studentTail returns P(T > t) of Student's t distribution with nu ≥ 1 degrees of freedom, by the finite
// sums of Abramowitz & Stegun (1964), 26.7.3 and 26.7.4, with θ = atan(t/√nu):
//
//	nu odd:  ½ − (θ + sin θ·(cos θ + 2/3·cos³ θ + 2·4/(3·5)·cos⁵ θ + … + …·cosⁿᵘ⁻² θ))/π
//	nu even: ½ − ½·sin θ·(1 + 1/2·cos² θ + 1·3/(2·4)·cos⁴ θ + … + …·cosⁿᵘ⁻² θ)
//
// The error is a few 1e-16 a term.
func studentTail(t float64, nu int) float64 {
	theta := math.Atan(t / math.Sqrt(float64(nu)))
	sin, cos := math.Sincos(theta)
	odd := nu % 2
	term, sum := 1.0, 0.0
	if odd == 1 {
		term = cos
	}
	for k := odd; k < nu-1; k += 2 { // term holds cosᵏ
		sum += term
		term *= float64(k+1) / float64(k+2) * cos * cos
	}
	if odd == 1 {
		return 0.5 - (theta+sin*sum)/math.Pi
	}
	return 0.5 - sin*sum/2
}
