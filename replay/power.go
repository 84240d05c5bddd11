package replay

import "math"

// log2 returns the binary logarithm of a positive normal x with an absolute error below 1e-11. It and
// exp2 stand for math.Pow, which costs several times as much and is far more exact than priorities need.
//
// Source: Tang (1990), "Table-driven implementation of the logarithm function". x = 2^k·z with 1 ≤ z < 2,
// and z = c·(1+r) with c the middle of one of 32 intervals and |r| ≤ 1/65.
func log2(x float64) float64 {
	bits := math.Float64bits(x)
	k := int(bits>>52) - 1023
	c := &logs[bits>>47%32]
	z := math.Float64frombits(bits&(1<<52-1) | 1023<<52)
	r := float64(z*c.inverse) - 1
	r2 := float64(r * r)
	series := r - r2*(1.0/2-r*(1.0/3)) - float64(r2*r2)*(1.0/4-r*(1.0/5))
	return float64(k) + (c.log + series*math.Log2E)
}

// exp2 returns 2^x for −1000 ≤ x ≤ 1000 with a relative error below 1e-11: x = m + j/32 + s, |s| ≤ 1/64.
func exp2(x float64) float64 {
	const shift = 0x1.8p52 // adding it rounds to an integer, which then stands in the low bits
	t := float64(x*32) + shift
	s := (x - (t-shift)*(1.0/32)) * math.Ln2
	s2 := float64(s * s)
	series := s + s2*(1.0/2+s*(1.0/6)) + float64(s2*s2)*(1.0/24+s*(1.0/120))
	bits := math.Float64bits(t)
	scale := math.Float64frombits((bits>>5 + 1023) << 52) // only the low bits of m survive the shift
	power := powers[bits%32]
	return scale * (power + power*series)
}

// logs are 1/c and log₂ c for the middles c of 32 intervals between 1 and 2.
var logs = [32]struct{ inverse, log float64 }{
	{0x1.f81f81f81f82p-1, 0x1.6e79685c2d212p-6}, {0x1.e9131abf0b767p-1, 0x1.0eb389fa29f9dp-4},
	{0x1.dae6076b981dbp-1, 0x1.bc84240adabb9p-4}, {0x1.cd85689039b0bp-1, 0x1.32ae9e278ae19p-3},
	{0x1.c0e070381c0ep-1, 0x1.84c2bd02f03b6p-3}, {0x1.b4e81b4e81b4fp-1, 0x1.d49ee4c32596cp-3},
	{0x1.a98ef606a63bep-1, 0x1.11307dad30b74p-2}, {0x1.9ec8e951033d9p-1, 0x1.37124cea4cdedp-2},
	{0x1.948b0fcd6e9ep-1, 0x1.5c01a39fbd689p-2}, {0x1.8acb90f6bf3aap-1, 0x1.800a563161c53p-2},
	{0x1.8181818181818p-1, 0x1.a33760a7f6051p-2}, {0x1.78a4c8178a4c8p-1, 0x1.c592fad295b57p-2},
	{0x1.702e05c0b817p-1, 0x1.e726aa1e754d3p-2}, {0x1.6816816816817p-1, 0x1.03fda8b97997ep-1},
	{0x1.6058160581606p-1, 0x1.140c9faa1e543p-1}, {0x1.58ed2308158edp-1, 0x1.23c41d42727c8p-1},
	{0x1.51d07eae2f815p-1, 0x1.3327c6ab49ca7p-1}, {0x1.4afd6a052bf5bp-1, 0x1.423b07e986aa8p-1},
	{0x1.446f86562d9fbp-1, 0x1.510118708a8f9p-1}, {0x1.3e22cbce4a902p-1, 0x1.5f7cff41e09bp-1},
	{0x1.3813813813814p-1, 0x1.6db196a761949p-1}, {0x1.323e34a2b10bfp-1, 0x1.7ba18f93502e5p-1},
	{0x1.2c9fb4d812cap-1, 0x1.894f74b06ef8bp-1}, {0x1.27350b8812735p-1, 0x1.96bdad2acb5f6p-1},
	{0x1.21fb78121fb78p-1, 0x1.a3ee7f38e181fp-1}, {0x1.1cf06ada2811dp-1, 0x1.b0e4126bcc86cp-1},
	{0x1.1811811811812p-1, 0x1.bda071cc67e6cp-1}, {0x1.135c81135c811p-1, 0x1.ca258dca93317p-1},
	{0x1.0ecf56be69c9p-1, 0x1.d6753e032ea0fp-1}, {0x1.0a6810a6810a7p-1, 0x1.e29142e0e013fp-1},
	{0x1.0624dd2f1a9fcp-1, 0x1.ee7b471b3a95p-1}, {0x1.0204081020408p-1, 0x1.fa34e1177c234p-1},
}

// powers are 2^(j/32), correctly rounded.
var powers = [32]float64{
	0x1p+0, 0x1.059b0d3158574p+0, 0x1.0b5586cf9890fp+0, 0x1.11301d0125b51p+0,
	0x1.172b83c7d517bp+0, 0x1.1d4873168b9aap+0, 0x1.2387a6e756238p+0, 0x1.29e9df51fdee1p+0,
	0x1.306fe0a31b715p+0, 0x1.371a7373aa9cbp+0, 0x1.3dea64c123422p+0, 0x1.44e086061892dp+0,
	0x1.4bfdad5362a27p+0, 0x1.5342b569d4f82p+0, 0x1.5ab07dd485429p+0, 0x1.6247eb03a5585p+0,
	0x1.6a09e667f3bcdp+0, 0x1.71f75e8ec5f74p+0, 0x1.7a11473eb0187p+0, 0x1.82589994cce13p+0,
	0x1.8ace5422aa0dbp+0, 0x1.93737b0cdc5e5p+0, 0x1.9c49182a3f09p+0, 0x1.a5503b23e255dp+0,
	0x1.ae89f995ad3adp+0, 0x1.b7f76f2fb5e47p+0, 0x1.c199bdd85529cp+0, 0x1.cb720dcef9069p+0,
	0x1.d5818dcfba487p+0, 0x1.dfc97337b9b5fp+0, 0x1.ea4afa2a490dap+0, 0x1.f50765b6e454p+0,
}
