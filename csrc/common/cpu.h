/* Which SIMD instruction sets this machine and its operating system can run. */
#ifndef MP3A_CPU_H
#define MP3A_CPU_H

enum {
  MP3A_CPU_SSE2 = 1u << 0, /* x86-64 baseline */
  MP3A_CPU_AVX2 = 1u << 1,
  MP3A_CPU_NEON = 1u << 2, /* arm64 baseline */
  MP3A_CPU_SIMD128 = 1u << 3, /* WebAssembly's, known when it is compiled */
  MP3A_CPU_AVX512 = 1u << 4,  /* what MP3A_TARGET_AVX512 has: Ice Lake, Zen 4 and later */

  /* Those with vectors of 128 bits, for kernels written in vector extensions. */
  MP3A_CPU_VECTORS_128 = MP3A_CPU_SSE2 | MP3A_CPU_NEON | MP3A_CPU_SIMD128
};

/* Whether this is compiled for one of them. */
#if defined(__x86_64__) || defined(__aarch64__) || defined(__wasm_simd128__)
#define MP3A_HAS_VECTORS_128 1
#else
#define MP3A_HAS_VECTORS_128 0
#endif

/* What MP3A_CPU_AVX512 lets a function use. Some versions of Clang ask for long vectors apart. */
#define MP3A_AVX512_SETS "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,popcnt,lzcnt,bmi,bmi2"
#if defined(__clang__) && __clang_major__ >= 18 && __clang_major__ < 22
#define MP3A_TARGET_AVX512 __attribute__((target(MP3A_AVX512_SETS ",evex512")))
#else
#define MP3A_TARGET_AVX512 __attribute__((target(MP3A_AVX512_SETS)))
#endif

/* For what is seldom run: scalar twins, where all machines of a target have vectors. */
#if defined(__clang__)
#define MP3A_SMALL __attribute__((minsize))
#else
#define MP3A_SMALL
#endif

#define MP3A_CPU_ALL (~0u)

/* The usable sets as a bit mask of MP3A_CPU_*. Detection is cheap but not
   free (CPUID traps in virtual machines): callers keep the answer. Thread-safe. */
unsigned mp3a_cpu_detect(void);

#endif
