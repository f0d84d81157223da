/* Every kernel in every instruction set that this machine has, against its
   scalar twin, bit for bit:  check_kernels [--bench] [--seed N]
   --bench prints ns per call and the ratio to the scalar twin instead. */
#include <stdlib.h>
#include <string.h>

#include "lame/kernels/kernels.h"
#include "tests/check.h"

/* One entry per csrc/tests/check_NAME.c. */
#define FAMILIES(X)                                                  \
  X(bitstream) X(fht) X(filterbank) X(huffman_count) X(masking)      \
  X(mdct) X(noise) X(psymodel) X(quantize) X(resample) X(synthesis)  \
  X(vbr) X(xrpow)

#define DECLARE(family) void check_##family(unsigned cpu_flags, const char *tier, int bench);
FAMILIES(DECLARE)

/* Each tier has what the ones before it have. */
static const struct {
  unsigned flag;
  const char *name;
} tiers[] = {
    {0, "scalar"},
    {MP3A_CPU_SSE2, "sse2"},
    {MP3A_CPU_AVX2, "avx2"},
    {MP3A_CPU_AVX512, "avx512"},
    {MP3A_CPU_NEON, "neon"},
    {MP3A_CPU_SIMD128, "simd128"},
};

int main(int argc, char **argv) {
  const unsigned machine = mp3a_cpu_detect();
  int bench = 0;
  for (int i = 1; i < argc; i++) {
    if (!strcmp(argv[i], "--bench")) bench = 1;
    if (!strcmp(argv[i], "--seed") && i + 1 < argc) check_seed(strtoull(argv[i + 1], 0, 10));
  }
  unsigned flags = 0;
  for (size_t i = 0; i < sizeof tiers / sizeof *tiers; i++) {
    if ((machine & tiers[i].flag) != tiers[i].flag) continue;
    flags |= tiers[i].flag;
#define RUN_FAMILY(family) RUN(check_##family(flags, tiers[i].name, bench));
    FAMILIES(RUN_FAMILY)
  }
  return bench ? 0 : check_finish();
}
