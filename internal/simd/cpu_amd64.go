//go:build !purego

package simd

// supported returns the highest level that processor and operating system offer.
func supported() Level {
	const (
		fma, osxsave, avx                    = 1 << 12, 1 << 27, 1 << 28          // leaf 1, ecx
		bmi1, avx2, bmi2                     = 1 << 3, 1 << 5, 1 << 8             // leaf 7, ebx
		avx512f, avx512dq, avx512bw, avx512l = 1 << 16, 1 << 17, 1 << 30, 1 << 31 // leaf 7, ebx
		ymmState, zmmState                   = 0x06, 0xe6                         // registers that are saved
	)
	has := func(word, bits uint32) bool { return word&bits == bits }
	if leaves, _, _, _ := cpuid(0, 0); leaves < 7 {
		return Portable
	}
	_, _, ecx, _ := cpuid(1, 0)
	if !has(ecx, fma|osxsave|avx) {
		return Portable
	}
	_, ebx, _, _ := cpuid(7, 0)
	saved, _ := xgetbv()
	switch {
	case !has(ebx, bmi1|avx2|bmi2) || !has(saved, ymmState):
		return Portable
	case !has(ebx, avx512f|avx512dq|avx512bw|avx512l) || !has(saved, zmmState):
		return AVX2
	}
	return AVX512
}
