/* SSE2's intrinsics on x86-64, and on WebAssembly those of them that kernels use here, of the
   same names and the same results: one source for both. */
#ifndef MP3A_SSE2_H
#define MP3A_SSE2_H

#if defined(__x86_64__)
#include <immintrin.h>
#define MP3A_HAS_SSE2 1
#elif defined(__wasm_simd128__)
#include <wasm_simd128.h>
#define MP3A_HAS_SSE2 1

typedef v128_t __m128i;
typedef v128_t __m128;

#define _mm_loadu_si128(p) wasm_v128_load(p)
#define _mm_storeu_si128(p, x) wasm_v128_store(p, x)
#define _mm_loadu_ps(p) wasm_v128_load(p)
#define _mm_setzero_si128() wasm_i32x4_const_splat(0)
#define _mm_setzero_ps() wasm_f32x4_const_splat(0)
#define _mm_set1_epi16(x) wasm_i16x8_splat(x)
#define _mm_set1_epi32(x) wasm_i32x4_splat(x)
#define _mm_castps_si128(x) (x)
#define _mm_cvtsi128_si32(x) wasm_i32x4_extract_lane(x, 0)
#define _mm_and_si128(a, b) wasm_v128_and(a, b)
#define _mm_or_si128(a, b) wasm_v128_or(a, b)
#define _mm_andnot_si128(a, b) wasm_v128_andnot(b, a) /* SSE2 inverts its first operand */
#define _mm_add_epi16(a, b) wasm_i16x8_add(a, b)
#define _mm_add_epi32(a, b) wasm_i32x4_add(a, b)
#define _mm_min_epi16(a, b) wasm_i16x8_min(a, b)
#define _mm_cmpgt_epi16(a, b) wasm_i16x8_gt(a, b)
#define _mm_cmpgt_epi32(a, b) wasm_i32x4_gt(a, b)
#define _mm_cmplt_ps(a, b) wasm_f32x4_lt(a, b)
#define _mm_slli_epi16(x, n) wasm_i16x8_shl(x, n)
#define _mm_srli_epi32(x, n) wasm_u32x4_shr(x, n)
#define _mm_madd_epi16(a, b) wasm_i32x4_dot_i16x8(a, b)
#define _mm_packs_epi32(a, b) wasm_i16x8_narrow_i32x4(a, b)
#define _mm_packus_epi16(a, b) wasm_u8x16_narrow_i16x8(a, b)
#define _MM_SHUFFLE(d, c, b, a) d, c, b, a
#define _mm_shuffle_epi32(x, order) MP3A_SHUFFLE(x, order)
#define MP3A_SHUFFLE(x, d, c, b, a) wasm_i32x4_shuffle(x, x, a, b, c, d)
#else
#define MP3A_HAS_SSE2 0
#endif

#endif
