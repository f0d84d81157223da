/* The tiers of kernels that are written in vector extensions: one source for all widths,
   which a kernel names and has included once for each.

     #define TIER_SOURCE "lame/kernels/attack_vector.h"
     #include "common/tiers.h"

   The source defines static TARGET functions TIER(name), by common/vector.h: name_128 for
   SSE2, NEON and WebAssembly, name_avx2, and, where the kernel defines TIER_AVX512_BYTES
   before, 64 or 32 (for twice as many registers as AVX2 has), name_avx512. The scalar twin of
   each is name_scalar, and stands before. MP3A_SELECT_TIER(kernels, LIST, cpu_flags) then fills
   a struct of kernels with the best of LIST(scalar), LIST(128), LIST(avx2) and LIST(avx512). */
#include "common/cpu.h"

#if MP3A_HAS_VECTORS_128
#define TIER(name) name##_128
#define TARGET
#define VECTOR_BYTES 16
#include "common/vector.h"
#include TIER_SOURCE
#undef TIER
#undef TARGET
#undef VECTOR_BYTES
#define MP3A_IF_128(...) __VA_ARGS__
#else
#define MP3A_IF_128(...)
#endif

#if defined(__x86_64__)
#define TIER(name) name##_avx2
#define TARGET __attribute__((target("avx2")))
#define VECTOR_BYTES 32
#include "common/vector.h"
#include TIER_SOURCE
#undef TIER
#undef TARGET
#undef VECTOR_BYTES
#define MP3A_IF_AVX2(...) __VA_ARGS__
#else
#define MP3A_IF_AVX2(...)
#endif

#if defined(__x86_64__) && defined(TIER_AVX512_BYTES)
#define TIER(name) name##_avx512
#define TARGET MP3A_TARGET_AVX512
#define VECTOR_BYTES TIER_AVX512_BYTES
#include "common/vector.h"
#include TIER_SOURCE
#undef TIER
#undef TARGET
#undef VECTOR_BYTES
#define MP3A_IF_AVX512(...) __VA_ARGS__
#else
#define MP3A_IF_AVX512(...)
#endif

#define MP3A_SELECT_TIER(kernels, LIST, cpu_flags)                              \
  do {                                                                          \
    *(kernels) = (__typeof__(*(kernels)))LIST(scalar);                          \
    MP3A_IF_128(if ((cpu_flags) & MP3A_CPU_VECTORS_128)                         \
                    *(kernels) = (__typeof__(*(kernels)))LIST(128);)            \
    MP3A_IF_AVX2(if ((cpu_flags) & MP3A_CPU_AVX2)                               \
                     *(kernels) = (__typeof__(*(kernels)))LIST(avx2);)          \
    MP3A_IF_AVX512(if ((cpu_flags) & MP3A_CPU_AVX512)                           \
                       *(kernels) = (__typeof__(*(kernels)))LIST(avx512);)      \
    (void)(cpu_flags);                                                          \
  } while (0)
