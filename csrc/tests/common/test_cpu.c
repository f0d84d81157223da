/* What a processor and its operating system can do: every bit is needed, and what Linux tells of
   this machine is what is found. */
#define mp3a_cpu_detect detect
#include "common/cpu.c"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "tests/check.h"

#if defined(__x86_64__)
enum { ALL_STATE = 0xe7, AVX_STATE = 0x7 };
enum { SETS = 6 };
static const unsigned avx512[SETS] = {bit_AVX512F,  bit_AVX512BW, bit_AVX512DQ,
                                      bit_AVX512VL, bit_BMI,      bit_BMI2};

/* `from` without each bit in turn that `needed` has. */
static void check_states(unsigned from, unsigned needed, unsigned wanted) {
  for (int i = 0; i < 32; i++) {
    const unsigned bit = 1u << i;
    const unsigned found = sets_of(from & ~bit, ~0u, ~0u) & wanted;
    CHECK(found == (needed & bit ? 0 : wanted), "without bit %d of the state: %x", i, found);
  }
}

static void check_sets(void) {
  unsigned ebx = bit_AVX2;
  for (int i = 0; i < SETS; i++) ebx |= avx512[i];
  CHECK(sets_of(ALL_STATE, ebx, bit_AVX512VBMI) == (MP3A_CPU_AVX2 | MP3A_CPU_AVX512), "all");
  CHECK(sets_of(ALL_STATE, ebx, ~(unsigned)bit_AVX512VBMI) == MP3A_CPU_AVX2, "no VBMI");
  CHECK(sets_of(ALL_STATE, ~(unsigned)bit_AVX2, ~0u) == MP3A_CPU_AVX512, "no AVX2");
  CHECK(sets_of(AVX_STATE, ebx, ~0u) == MP3A_CPU_AVX2, "no state of AVX-512");
  CHECK(sets_of(0, ~0u, ~0u) == 0 && sets_of(~0u, 0, 0) == 0, "nothing");
  for (int i = 0; i < SETS; i++)
    CHECK(sets_of(ALL_STATE, ~avx512[i], ~0u) == MP3A_CPU_AVX2, "without set %d", i);
  check_states(ALL_STATE, AVX_STATE & ~1u, MP3A_CPU_AVX2);
  check_states(ALL_STATE, ALL_STATE & ~1u, MP3A_CPU_AVX512);
  CHECK(counts_bits(bit_POPCNT, bit_LZCNT), "counts");
  CHECK(!counts_bits(~(unsigned)bit_POPCNT, ~0u) && !counts_bits(~0u, ~(unsigned)bit_LZCNT),
        "doesn't count");
}

/* Linux leaves out of these what it saves no state of. */
static bool is_told(const char *line, const char *set) {
  char word[32];
  snprintf(word, sizeof word, " %s ", set);
  return strstr(line, word) != NULL;
}

static void check_machine(void) {
  static char line[1 << 14];
  const unsigned found = detect();
  CHECK(found & MP3A_CPU_SSE2, "the baseline");
  FILE *file = fopen("/proc/cpuinfo", "r");
  while (file && fgets(line, sizeof line, file) && strncmp(line, "flags", 5) != 0) continue;
  if (file) fclose(file);
  if (strncmp(line, "flags", 5) != 0) return; /* not Linux */
  line[strcspn(line, "\n")] = ' ';
  const bool has_avx512 = is_told(line, "avx512f") && is_told(line, "avx512bw") &&
                          is_told(line, "avx512dq") && is_told(line, "avx512vl") &&
                          is_told(line, "avx512vbmi") && is_told(line, "popcnt") &&
                          is_told(line, "abm") && is_told(line, "bmi1") && is_told(line, "bmi2");
  CHECK(!(found & MP3A_CPU_AVX2) == !is_told(line, "avx2"), "AVX2: %x", found);
  CHECK(!(found & MP3A_CPU_AVX512) == !has_avx512, "AVX-512: %x", found);
}
#else
static void check_sets(void) { CHECK(detect() == detect(), "always the same"); }

static void check_machine(void) {
  CHECK((detect() & MP3A_CPU_VECTORS_128) == detect(), "a baseline alone: %x", detect());
  CHECK(!MP3A_HAS_VECTORS_128 || detect() != 0, "what it is compiled for");
}
#endif

int main(void) {
  RUN(check_sets());
  RUN(check_machine());
  return check_finish();
}
