/* The vector tiers of xrpow.c, for common/tiers.h. */

static inline TARGET TIER(vec) TIER(power_of)(TIER(vec) x) {
  TIER(wide) w = __builtin_convertvector(x, TIER(wide));
  w = __builtin_elementwise_sqrt(w * __builtin_elementwise_sqrt(w));
  return __builtin_convertvector(w, TIER(vec));
}

#if VECTOR_BYTES == 32
typedef long long TIER(wide_bits) __attribute__((vector_size(2 * VECTOR_BYTES)));

/* Roots of doubles take most of the time, so the power y is first taken in
   float, p = sqrt(x) sqrt(sqrt(x)), which is off by a factor 1 + e with |e| below
   3.5 * 2^-24. One step of Newton's method for y^4 = x^3, in double, adds
   (x^3 - p^4) / (4 p^3) and leaves an error below 2^-42: 1.5 e^2, and 2^-20 e as
   the divisor is a float. The exact code's own is 2^-52. Unless a float's
   rounding border is closer than 2^-40, both round alike. That holds for x from
   2^-40 to 2^50, where p^3 is a float; elsewhere and near a border, the sign of
   *doubt is set. */
static inline TARGET TIER(vec) TIER(rough_power_of)(TIER(vec) x, TIER(bits) *doubt) {
  TIER(vec) root = __builtin_elementwise_sqrt(x);
  TIER(vec) p = root * __builtin_elementwise_sqrt(root);
  TIER(wide) divisor = __builtin_convertvector(0.25f / (p * p * p), TIER(wide));
  TIER(wide) wide_x = __builtin_convertvector(x, TIER(wide));
  TIER(wide) wide_p = __builtin_convertvector(p, TIER(wide)), p2 = wide_p * wide_p;
  TIER(wide) y = wide_p + (wide_x * wide_x * wide_x - p2 * p2) * divisor;

  /* 2^-40 of y is at most 2^13 units of its last place; a float's is 2^29. */
  TIER(wide_bits) above = ((TIER(wide_bits))y + (1 << 28) + (1 << 13)) & 0x1fffffff;
  above -= 1 << 14;
  TIER(bits) size = (TIER(bits))x;
  *doubt |= (TIER(bits))__builtin_shufflevector(above, above, 0, 1, 2, 3);
  *doubt |= (TIER(bits))__builtin_shufflevector(above, above, 4, 5, 6, 7);
  *doubt |= (size - 0x2b800000) | (0x58800000 - size);
  return __builtin_convertvector(y, TIER(vec));
}
#endif

#if VECTOR_BYTES == 64
/* Half of rough_power_of(): z = x^(-1/4) is estimated to 2^-13; with h = 1 - x z^4, the
   power is x z (1 - h)^(-1/4), whose series leaves an error below 2^-47 of it. Returns which
   lanes are so close to a float's rounding border that both may round otherwise. */
static inline TARGET __mmask8 TIER(half_power_of)(__m512d x, __m512d z, __m256 *power) {
  __m512d const z2 = _mm512_mul_pd(z, z), xz = _mm512_mul_pd(x, z);
  __m512d const h = _mm512_fnmadd_pd(_mm512_mul_pd(z2, z), xz, _mm512_set1_pd(1));
  __m512d series = _mm512_fmadd_pd(h, _mm512_set1_pd(195 / 2048.0), _mm512_set1_pd(15 / 128.0));
  series = _mm512_fmadd_pd(h, series, _mm512_set1_pd(5 / 32.0));
  series = _mm512_fmadd_pd(h, series, _mm512_set1_pd(1 / 4.0));
  __m512d const y = _mm512_fmadd_pd(_mm512_mul_pd(xz, h), series, xz);
  __m512i above = _mm512_add_epi64(_mm512_castpd_si512(y),
                                   _mm512_set1_epi64((1 << 28) + (1 << 13)));
  above = _mm512_and_si512(above, _mm512_set1_epi64(0x1fffffff));
  *power = _mm512_cvtpd_ps(y);
  return _mm512_cmplt_epi64_mask(above, _mm512_set1_epi64(1 << 14));
}

/* Zeros stay such; in doubt are those below 2^-40 or above 2^50 as well. */
static inline TARGET TIER(vec) TIER(rough_power_of)(TIER(vec) lines, TIER(bits) *doubt) {
  __m512 const x = (__m512)lines, root = _mm512_mul_ps(x, _mm512_rsqrt14_ps(x));
  __m512 const z = _mm512_rsqrt14_ps(root);
  __m256 low, high;
  __mmask16 unsure = TIER(half_power_of)(_mm512_cvtps_pd(_mm512_castps512_ps256(x)),
                                         _mm512_cvtps_pd(_mm512_castps512_ps256(z)), &low);
  unsure |= (__mmask16)(TIER(half_power_of)(
                            _mm512_cvtps_pd(_mm512_extractf32x8_ps(x, 1)),
                            _mm512_cvtps_pd(_mm512_extractf32x8_ps(z, 1)), &high) << 8);
  __m512 const both = _mm512_insertf32x8(_mm512_castps256_ps512(low), high, 1);
  __mmask16 const is_there = _mm512_cmp_ps_mask(x, _mm512_setzero_ps(), _CMP_NEQ_UQ);
  unsure |= _mm512_cmp_ps_mask(x, _mm512_set1_ps(0x1p-40f), _CMP_NGE_UQ);
  unsure |= _mm512_cmp_ps_mask(x, _mm512_set1_ps(0x1p50f), _CMP_NLE_UQ);
  *doubt |= (TIER(bits))_mm512_movm_epi32(unsure & is_there);
  return (TIER(vec))_mm512_maskz_mov_ps(is_there, both);
}
#endif

static inline TARGET void TIER(powers_of)(TIER(vec) *a, TIER(vec) *b) {
#if VECTOR_BYTES > 16
  TIER(bits) doubt = {0};
  TIER(vec) power_a = TIER(rough_power_of)(*a, &doubt);
  TIER(vec) power_b = TIER(rough_power_of)(*b, &doubt);
#if VECTOR_BYTES == 64
  int const is_sure = _mm512_movepi32_mask((__m512i)doubt) == 0;
#else
  int const is_sure = _mm256_movemask_ps((__m256)doubt) == 0;
#endif
  if (is_sure) {
    *a = power_a, *b = power_b;
    return;
  }
#endif
  *a = TIER(power_of)(*a);
  *b = TIER(power_of)(*b);
}

/* `a` where it is greater, so that a NaN leaves the other. */
static inline TARGET TIER(vec) TIER(larger)(TIER(vec) a, TIER(vec) most) {
  return TIER(choose)(a > most, a, most);
}

/* Lines above the low-pass are 0, whole vectors of them: roots are dear. */
static TARGET float TIER(raise)(const float *lines, int count, float *powers, float largest) {
  TIER(vec) most = (TIER(vec)){0} + largest;
  int i = 0;
  for (; i + 2 * TIER(lanes) <= count; i += 2 * TIER(lanes)) {
    TIER(vec) a = TIER(load)(lines + i);
    TIER(vec) b = TIER(load)(lines + i + TIER(lanes));
    a = (TIER(vec))((TIER(bits))a & 0x7fffffff);
    b = (TIER(vec))((TIER(bits))b & 0x7fffffff);
    if (__builtin_reduce_or((TIER(bits))a | (TIER(bits))b) != 0) {
      TIER(powers_of)(&a, &b);
      most = TIER(larger)(a, most);
      most = TIER(larger)(b, most);
    }
    TIER(store)(powers + i, a);
    *(TIER(vec_unaligned) *)(powers + i + TIER(lanes)) = b;
  }
  for (int lane = 0; lane < TIER(lanes); lane++)
    if (most[lane] > largest) largest = most[lane];
  return raise_scalar(lines + i, count - i, powers + i, largest);
}
