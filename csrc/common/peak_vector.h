/* The vector tiers of peak.c, for common/tiers.h. Without the sign bit a signed maximum is
   right. */

static TARGET uint32_t TIER(peak)(const float *samples, size_t count) {
  enum { LANES = TIER(lanes), UNROLL = 4 };
  TIER(bits) peak[UNROLL] = {{0}};
  size_t i = 0;
  for (; i + LANES * UNROLL <= count; i += LANES * UNROLL) {
    for (size_t k = 0; k < UNROLL; k++) {
      TIER(bits) x = (TIER(bits))TIER(load)(samples + i + LANES * k) & 0x7fffffff;
      peak[k] = __builtin_elementwise_max(peak[k], x);
    }
  }
  peak[0] = __builtin_elementwise_max(peak[0], peak[1]);
  peak[2] = __builtin_elementwise_max(peak[2], peak[3]);
  const uint32_t body =
      (uint32_t)__builtin_reduce_max(__builtin_elementwise_max(peak[0], peak[2]));
  const uint32_t tail = peak_scalar(samples + i, count - i);
  return body > tail ? body : tail;
}
