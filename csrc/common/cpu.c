#include "common/cpu.h"

#if defined(__x86_64__)
#include <cpuid.h>

/* XCR0: the register state that the operating system saves on a context
   switch. A CPUID flag alone doesn't say that AVX may be used. */
static unsigned read_xcr0(void) {
  unsigned low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low;
}

/* Whether bits can be counted, by the third words of leaf 1 and of the extended one. */
static int counts_bits(unsigned ecx, unsigned extended_ecx) {
  return (ecx & bit_POPCNT) != 0 && (extended_ecx & bit_LZCNT) != 0;
}

/* What the words of CPUID's leaf 7 and XCR0 allow beyond the baseline. */
static unsigned sets_of(unsigned xcr0, unsigned ebx, unsigned ecx) {
  enum { XMM_YMM = 0x6, ALL_ZMM = 0xe6 };
  const unsigned avx512 =
      bit_AVX512F | bit_AVX512BW | bit_AVX512DQ | bit_AVX512VL | bit_BMI | bit_BMI2;
  unsigned flags = 0;
  if ((xcr0 & XMM_YMM) == XMM_YMM && (ebx & bit_AVX2)) flags |= MP3A_CPU_AVX2;
  if ((xcr0 & ALL_ZMM) == ALL_ZMM && (ebx & avx512) == avx512 && (ecx & bit_AVX512VBMI))
    flags |= MP3A_CPU_AVX512;
  return flags;
}

unsigned mp3a_cpu_detect(void) {
  unsigned eax, ebx, ecx, edx, first_ecx, extended_ecx;
  if (!__get_cpuid(1, &eax, &ebx, &first_ecx, &edx) || !(first_ecx & bit_OSXSAVE) ||
      !__get_cpuid(0x80000001, &eax, &ebx, &extended_ecx, &edx) ||
      !__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx))
    return MP3A_CPU_SSE2;
  const unsigned without = counts_bits(first_ecx, extended_ecx) ? 0 : MP3A_CPU_AVX512;
  return MP3A_CPU_SSE2 | (sets_of(read_xcr0(), ebx, ecx) & ~without);
}
#elif defined(__aarch64__)
unsigned mp3a_cpu_detect(void) { return MP3A_CPU_NEON; }
#elif defined(__wasm_simd128__)
unsigned mp3a_cpu_detect(void) { return MP3A_CPU_SIMD128; }
#else
unsigned mp3a_cpu_detect(void) { return 0; }
#endif
