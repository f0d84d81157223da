#include "common/cpu.h"

#if defined(__x86_64__)
#include <cpuid.h>

/* XCR0: the register state that the operating system saves on a context
   switch. A CPUID flag alone doesn't say that AVX may be used. */
static unsigned long long read_xcr0(void) {
  unsigned low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return ((unsigned long long)high << 32) | low;
}

static int has_avx512(unsigned ebx, unsigned ecx) {
  const unsigned needed = bit_AVX512F | bit_AVX512BW | bit_AVX512DQ | bit_AVX512VL;
  return (ebx & needed) == needed && (ecx & bit_AVX512VBMI);
}

unsigned mp3a_cpu_detect(void) {
  enum { XMM_YMM = 0x6, ALL_ZMM = 0xe6 };
  unsigned eax, ebx, ecx, edx, flags = MP3A_CPU_SSE2;
  if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx)) return flags;
  if (!(ecx & bit_OSXSAVE)) return flags;
  const unsigned long long xcr0 = read_xcr0();
  if (!__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx)) return flags;
  if ((xcr0 & XMM_YMM) == XMM_YMM && (ebx & bit_AVX2)) flags |= MP3A_CPU_AVX2;
  if ((xcr0 & ALL_ZMM) == ALL_ZMM && has_avx512(ebx, ecx)) flags |= MP3A_CPU_AVX512;
  return flags;
}
#elif defined(__aarch64__)
unsigned mp3a_cpu_detect(void) { return MP3A_CPU_NEON; }
#elif defined(__wasm_simd128__)
unsigned mp3a_cpu_detect(void) { return MP3A_CPU_SIMD128; }
#else
unsigned mp3a_cpu_detect(void) { return 0; }
#endif
